//! A connection's seat in a session: whether it is joining, hears, or has lagged, and the events as it is shown them.

use std::{mem, sync::Arc, time::Instant};

use rondo_domain::{
    SessionId, UserId,
    bus::PassingEvent,
    event::{EventKind, Position, RecordedEvent},
};
use rondo_wire::{passing_payload, socket::Lagged};
use serde_json::value::to_raw_value;

use super::{Announcement, Full, Listener, SeatId, counts::Counts};

/// How much a seat that is still joining holds back, in events and in bytes. Beyond, it has lagged.
const HELD_EVENTS: usize = 1_000;
const HELD_BYTES: usize = 1024 * 1024;

/// A lasting event ready for the wire, encoded once per node.
#[derive(Debug)]
pub(super) struct LiveEvent {
    /// What the log holds.
    pub(super) recorded: Arc<RecordedEvent>,
    /// What clients get: the data with `position` beside it.
    pub(super) announcement: Arc<Announcement>,
    /// When it was committed, if that was told.
    pub(super) since: Option<Instant>,
}

impl LiveEvent {
    pub(super) fn new(Taken { event: recorded, since }: Taken) -> Self {
        let announcement = Arc::new(Announcement::of_event(&recorded));
        Self { recorded, announcement, since }
    }

    pub(super) fn position(&self) -> Position {
        self.recorded.position
    }

    /// Whether this is the last thing that `user` hears of the session.
    pub(super) fn ends_for(&self, user: UserId) -> bool {
        match self.recorded.kind {
            EventKind::SessionDelete => true,
            EventKind::MemberRemove => self.recorded.subject == Some(user.0),
            EventKind::MessageCreate
            | EventKind::MessageUpdate
            | EventKind::MessageDelete
            | EventKind::SessionUpdate
            | EventKind::MemberUpdate
            | EventKind::InvitationAccept => false,
        }
    }
}

/// A passing event ready for the wire.
pub(super) struct Passing {
    pub(super) announcement: Arc<Announcement>,
    /// Who does not hear it.
    pub(super) but: But,
}

/// Who does not hear a passing event.
#[derive(Clone, Copy)]
pub(super) enum But {
    Nobody,
    Person(UserId),
    Connection(SeatId),
}

impl Passing {
    pub(super) fn new(event: &PassingEvent) -> Self {
        let (name, payload) = passing_payload(event);
        let but = match event {
            PassingEvent::Typing { user, .. } => But::Person(user.id),
            PassingEvent::Came { seat, .. } => But::Connection(*seat),
            PassingEvent::Read { .. } | PassingEvent::Went { .. } => But::Nobody,
        };
        Self { announcement: Arc::new(Announcement::passing(name, payload)), but }
    }

    pub(super) fn is_for(&self, listener: &Listener) -> bool {
        match self.but {
            But::Nobody => true,
            But::Person(user) => listener.user != user,
            But::Connection(seat) => listener.seat != seat,
        }
    }
}

pub(super) enum State {
    /// Reads its snapshot; what comes meanwhile waits here.
    Joining {
        held: Vec<Arc<LiveEvent>>,
        passing: Vec<Arc<Passing>>,
        bytes: usize,
        overflow: Option<(Position, Position)>,
        /// As it stood when it joined again: so it goes on if that is refused.
        before: Option<Box<State>>,
    },
    /// Hears all that comes after the position.
    Live(Position),
    /// Missed these positions, and was not yet told; nor of the end after them, if there is one.
    Lagged { from: Position, to: Position, end: Option<Arc<LiveEvent>> },
}

impl State {
    /// Joins anew.
    pub(super) const fn joining(before: Option<Box<Self>>) -> Self {
        Self::Joining { held: Vec::new(), passing: Vec::new(), bytes: 0, overflow: None, before }
    }

    /// What a seat that joins again goes back to if that is refused: to nothing, where its session is over for it.
    pub(super) fn remembered(self) -> Option<Box<Self>> {
        match self {
            Self::Joining { before, .. } => before,
            Self::Lagged { end: Some(_), .. } => None,
            Self::Live(_) | Self::Lagged { .. } => Some(Box::new(self)),
        }
    }
}

pub(super) struct Seat {
    pub(super) listener: Listener,
    pub(super) state: State,
}

/// What became of a seat that was shown an event.
#[derive(PartialEq, Eq)]
pub(super) enum Verdict {
    Stays,
    Leaves,
}

impl Seat {
    /// Hears an event; `told` counts those that were handed over.
    pub(super) fn hear(&mut self, event: &Arc<LiveEvent>, told: &mut u64, counts: &Counts) -> Verdict {
        let position = event.position();
        match &mut self.state {
            State::Joining { held, bytes, overflow, .. } => {
                *bytes += event.announcement.payload().get().len();
                match overflow {
                    Some((_, to)) => *to = position.max(*to),
                    None if held.len() >= HELD_EVENTS || *bytes > HELD_BYTES => *overflow = Some((position, position)),
                    None => held.push(Arc::clone(event)),
                }
                return Verdict::Stays; // it may not be a member any more; going live will tell
            }
            State::Live(heard) if position <= *heard => return Verdict::Stays,
            State::Live(heard) => {
                if self.listener.outlet.tell(&event.announcement).is_ok() {
                    *heard = position;
                    *told += 1;
                } else {
                    counts.refused.one();
                    self.state = State::Lagged { from: position, to: position, end: None };
                }
            }
            State::Lagged { end: Some(_), .. } => return Verdict::Stays, // it has left
            State::Lagged { to, .. } => *to = position.max(*to),
        }
        if !event.ends_for(self.listener.user) {
            return Verdict::Stays;
        }
        if let State::Lagged { to, end, .. } = &mut self.state {
            *to = position - 1;
            *end = Some(Arc::clone(event));
        }
        Verdict::Leaves
    }

    /// Hears what is passing, if it can: a slow reader goes without.
    pub(super) fn overhear(&mut self, event: &Arc<Passing>, counts: &Counts) {
        if !event.is_for(&self.listener) {
            return;
        }
        match &mut self.state {
            State::Joining { passing, bytes, overflow: None, .. } if passing.len() < HELD_EVENTS => {
                *bytes += event.announcement.payload().get().len();
                passing.push(Arc::clone(event));
            }
            State::Live(_) => match self.listener.outlet.tell(&event.announcement) {
                Ok(()) => counts.passed.one(),
                Err(Full) => counts.refused.one(),
            },
            State::Joining { .. } | State::Lagged { .. } => {}
        }
    }

    /// Hears what was held back, as far as it follows on `position` without a gap, and then what passed meanwhile.
    pub(super) fn go_live(&mut self, position: Position, counts: &Counts) -> Verdict {
        self.go_on(State::Live(position), counts)
    }

    /// Goes on as it stood before it joined again, with what was held back; `None` where it did not stand.
    pub(super) fn go_back(&mut self, counts: &Counts) -> Option<Verdict> {
        let State::Joining { before, .. } = &mut self.state else { return None };
        let before = before.take()?;
        Some(self.go_on(*before, counts))
    }

    fn go_on(&mut self, from: State, counts: &Counts) -> Verdict {
        let State::Joining { held, passing, overflow, .. } = &mut self.state else {
            return Verdict::Stays; // it went live before: a repeated command
        };
        let (mut held, passing, overflow) = (mem::take(held), mem::take(passing), *overflow);
        self.state = from;
        held.sort_unstable_by_key(|event| event.position());
        for event in &held {
            match self.state {
                State::Live(heard) if event.position() > heard + 1 => break,
                State::Live(_) | State::Joining { .. } | State::Lagged { .. } => {}
            }
            let mut told = 0;
            let verdict = self.hear(event, &mut told, counts);
            counts.delivered(None, told);
            if verdict == Verdict::Leaves {
                return Verdict::Leaves;
            }
        }
        for event in &passing {
            self.overhear(event, counts);
        }
        if let Some((_, missed)) = overflow {
            match &mut self.state {
                State::Live(heard) if missed > *heard => {
                    self.state = State::Lagged { from: *heard + 1, to: missed, end: None };
                }
                State::Lagged { to, .. } => *to = missed.max(*to),
                State::Live(_) | State::Joining { .. } => {}
            }
        }
        Verdict::Stays
    }

    /// Tells a slow reader what it missed, and the end after that, as far as its queue takes it; `true` when it knows.
    pub(super) fn catch_up(&mut self, session: SessionId, counts: &Counts) -> bool {
        let State::Lagged { from, to, end } = &mut self.state else { return false };
        if from <= to {
            let Ok(lagged) = to_raw_value(&Lagged { session_id: session.0, from: *from, to: *to }) else {
                return false;
            };
            let lagged = Arc::new(Announcement::lasting(Announcement::LAGGED, lagged));
            if self.listener.outlet.tell(&lagged).is_err() {
                return false;
            }
            counts.lagged.one();
            *from = *to + 1;
        }
        end.as_ref().is_none_or(|end| self.listener.outlet.tell(&end.announcement).is_ok())
    }

    /// Whether its session is over for it, and it was not yet told.
    pub(super) const fn is_owed_an_end(&self) -> bool {
        matches!(self.state, State::Lagged { end: Some(_), .. })
    }

    /// Where it stands, if it hears live events.
    pub(super) const fn heard(&self) -> Option<Position> {
        match self.state {
            State::Live(heard) => Some(heard),
            State::Joining { .. } | State::Lagged { .. } => None,
        }
    }
}

/// An event as the room took it, and when it was committed, if that was told.
pub(super) struct Taken {
    pub(super) event: Arc<RecordedEvent>,
    pub(super) since: Option<Instant>,
}
