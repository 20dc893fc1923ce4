//! One session's listeners on this node, and the order in which they hear its events.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::Arc,
};

use rondo_domain::{
    SessionId, UserId,
    bus::PassingEvent,
    event::{EventKind, Position, RecordedEvent},
};
use rondo_wire::{passing_payload, socket::Lagged};
use serde_json::value::to_raw_value;

use super::{
    Announcement, Listener, SeatId,
    counts::Counts,
    crowd::{CROWD, Diff},
    people::{self, People},
};

/// How much a seat that is still joining holds back, in events and in bytes. Beyond, it has lagged.
const HELD_EVENTS: usize = 1_000;
const HELD_BYTES: usize = 1024 * 1024;
/// How many events wait for the one before them. Beyond, the log is read again anyway.
const PENDING: usize = 1_000;

/// A lasting event ready for the wire, encoded once per node.
#[derive(Debug)]
struct LiveEvent {
    /// What the log holds.
    recorded: Arc<RecordedEvent>,
    /// What clients get: the data with `position` beside it.
    announcement: Arc<Announcement>,
}

impl LiveEvent {
    fn new(recorded: Arc<RecordedEvent>) -> Self {
        let announcement = Arc::new(Announcement::of_event(&recorded));
        Self { recorded, announcement }
    }

    fn position(&self) -> Position {
        self.recorded.position
    }

    /// Whether this is the last thing that `user` hears of the session.
    fn ends_for(&self, user: UserId) -> bool {
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
struct Passing {
    announcement: Arc<Announcement>,
    /// Who does not hear it.
    but: But,
}

/// Who does not hear a passing event.
#[derive(Clone, Copy)]
enum But {
    Nobody,
    Person(UserId),
    Connection(SeatId),
}

impl Passing {
    fn new(event: &PassingEvent) -> Self {
        let (name, payload) = passing_payload(event);
        let but = match event {
            PassingEvent::Typing { user, .. } => But::Person(user.id),
            PassingEvent::Came { seat, .. } => But::Connection(*seat),
            PassingEvent::Read { .. } | PassingEvent::Went { .. } => But::Nobody,
        };
        Self { announcement: Arc::new(Announcement::passing(name, payload)), but }
    }

    fn is_for(&self, listener: &Listener) -> bool {
        match self.but {
            But::Nobody => true,
            But::Person(user) => listener.user != user,
            But::Connection(seat) => listener.seat != seat,
        }
    }
}

enum State {
    /// Reads its snapshot; what comes meanwhile waits here.
    Joining {
        held: Vec<Arc<LiveEvent>>,
        passing: Vec<Arc<Passing>>,
        bytes: usize,
        overflow: Option<(Position, Position)>,
    },
    /// Hears all that comes after the position.
    Live(Position),
    /// Missed these positions, and was not yet told.
    Lagged { from: Position, to: Position },
}

struct Seat {
    listener: Listener,
    state: State,
}

/// What became of a seat that was shown an event.
#[derive(PartialEq, Eq)]
enum Verdict {
    Stays,
    Leaves,
}

impl Seat {
    fn hear(&mut self, event: &Arc<LiveEvent>) -> Verdict {
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
            State::Live(heard) => match self.listener.outlet.tell(&event.announcement) {
                Ok(()) => *heard = position,
                Err(super::Full) => self.state = State::Lagged { from: position, to: position },
            },
            State::Lagged { to, .. } => *to = position.max(*to),
        }
        if event.ends_for(self.listener.user) { Verdict::Leaves } else { Verdict::Stays }
    }

    /// Hears what is passing, if it can: a slow reader goes without.
    fn overhear(&mut self, event: &Arc<Passing>) {
        if !event.is_for(&self.listener) {
            return;
        }
        match &mut self.state {
            State::Joining { passing, bytes, overflow: None, .. } if passing.len() < HELD_EVENTS => {
                *bytes += event.announcement.payload().get().len();
                passing.push(Arc::clone(event));
            }
            State::Live(_) => {
                let _dropped_when_full = self.listener.outlet.tell(&event.announcement);
            }
            State::Joining { .. } | State::Lagged { .. } => {}
        }
    }

    /// Hears what was held back, as far as it follows on `position` without a gap, and then what passed meanwhile.
    fn go_live(&mut self, position: Position) -> Verdict {
        let State::Joining { held, passing, overflow, .. } = &mut self.state else {
            return Verdict::Stays; // it went live before: a repeated command
        };
        let (mut held, passing, overflow) = (mem::take(held), mem::take(passing), *overflow);
        self.state = State::Live(position);
        held.sort_unstable_by_key(|event| event.position());
        for event in &held {
            match self.state {
                State::Live(heard) if event.position() > heard + 1 => break,
                State::Live(_) | State::Joining { .. } | State::Lagged { .. } => {}
            }
            if self.hear(event) == Verdict::Leaves {
                return Verdict::Leaves;
            }
        }
        for event in &passing {
            self.overhear(event);
        }
        if let Some((_, to)) = overflow.filter(|(_, to)| *to > position) {
            self.state = match self.state {
                State::Lagged { from, .. } => State::Lagged { from, to },
                State::Live(heard) => State::Lagged { from: heard + 1, to },
                State::Joining { .. } => State::Lagged { from: position + 1, to },
            };
        }
        Verdict::Stays
    }

    /// Where it stands, if it hears live events.
    const fn heard(&self) -> Option<Position> {
        match self.state {
            State::Live(heard) => Some(heard),
            State::Joining { .. } | State::Lagged { .. } => None,
        }
    }
}

/// One session's room on this node.
pub(super) struct Room {
    session: SessionId,
    /// The last position that was handed to the seats; unknown until the first of them goes live.
    last: Option<Position>,
    /// The last position that was ever handed to a seat.
    reached: Position,
    /// Events that came before the one that precedes them.
    pending: BTreeMap<Position, Arc<RecordedEvent>>,
    /// Whether the log is being read for what is missing.
    pub(super) repairing: bool,
    /// Whether events came since the last delivery.
    pub(super) touched: bool,
    seats: HashMap<SeatId, Seat>,
    /// Who came and went, while the room is a crowd.
    diff: Diff,
}

impl Room {
    pub(super) fn new(session: SessionId) -> Self {
        Self {
            session,
            last: None,
            reached: 0,
            pending: BTreeMap::new(),
            repairing: false,
            touched: false,
            seats: HashMap::new(),
            diff: Diff::default(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    pub(super) const fn last(&self) -> Option<Position> {
        self.last
    }

    pub(super) fn attach(&mut self, listener: Listener) {
        let state = State::Joining { held: Vec::new(), passing: Vec::new(), bytes: 0, overflow: None };
        self.seats.insert(listener.seat, Seat { listener, state });
    }

    pub(super) fn detach(&mut self, seat: SeatId) {
        self.seats.remove(&seat);
    }

    /// Lets a seat hear what comes after `position`.
    pub(super) fn go_live(&mut self, id: SeatId, position: Position) {
        if let Some(seat) = self.seats.get_mut(&id)
            && seat.go_live(position) == Verdict::Leaves
        {
            self.end(id);
        }
        match self.last {
            None => {
                self.last = Some(position);
                self.pending = self.pending.split_off(&(position + 1));
            }
            // What lies between was handed out before this seat could hold it back: it came before anybody was live,
            // with an older snapshot than whoever went live first. It is handed out again; nobody hears it twice.
            Some(last) => {
                if let Some(heard) = self.seats.get(&id).and_then(Seat::heard).filter(|heard| *heard < last) {
                    self.last = Some(heard);
                    self.reached = self.reached.max(last);
                }
            }
        }
    }

    /// Takes an event from the bus or the log, in whatever order, however often; [`Room::deliver`] hands it out.
    pub(super) fn take(&mut self, event: Arc<RecordedEvent>) {
        if self.last.is_some_and(|last| event.position <= last) {
            return;
        }
        self.pending.insert(event.position, event);
        if self.pending.len() > PENDING {
            self.pending.pop_last();
        }
    }

    /// Steps over positions that the log no longer has: those who listen are told that they missed them.
    pub(super) fn skip_to(&mut self, position: Position) {
        let Some(last) = self.last.filter(|last| *last < position) else { return };
        for seat in self.seats.values_mut() {
            if let State::Live(heard) = seat.state
                && heard < position
            {
                seat.state = State::Lagged { from: heard.max(last) + 1, to: position };
            }
        }
        self.last = Some(position);
        self.pending = self.pending.split_off(&(position + 1));
    }

    /// Hands out what follows without a gap. A seat gets all of it at once: its connection wakes and writes once.
    pub(super) fn deliver(&mut self, counts: &Counts) {
        self.touched = false;
        let mut ready = Vec::new();
        while let Some(last) = self.last
            && let Some(event) = self.pending.remove(&(last + 1))
        {
            self.last = Some(last + 1);
            ready.push(Arc::new(LiveEvent::new(event)));
        }
        if ready.is_empty() {
            return;
        }
        let mut leaving = Vec::new();
        for (id, seat) in &mut self.seats {
            if ready.iter().any(|event| seat.hear(event) == Verdict::Leaves) {
                leaving.push(*id);
            }
        }
        counts.delivered(u64::try_from(ready.len() * self.seats.len()).unwrap_or(u64::MAX));
        for id in leaving {
            self.end(id);
        }
    }

    /// Whether an event is known to be missing before one that is there.
    pub(super) fn has_gap(&self) -> bool {
        self.last.is_some_and(|last| last < self.reached || !self.pending.is_empty())
    }

    /// Shows an event to connections of people that are not in the room; those that are hear it there, and once.
    pub(super) fn tell_others(&self, users: &[UserId], event: &Arc<RecordedEvent>, people: &People) {
        let announcement = Arc::new(Announcement::of_event(event));
        for user in users {
            for (seat, outlet) in people.of_event(*user, event) {
                if !self.seats.contains_key(&seat) {
                    people::tell(&*outlet, &announcement);
                }
            }
        }
    }

    /// Shows what is passing to those who are there. Comings and goings in a crowd are gathered until the next tick.
    pub(super) fn pass(&mut self, event: &PassingEvent) {
        match event {
            PassingEvent::Came { user, present, count, .. } if *count > CROWD => {
                self.diff.came(user.clone(), *present);
            }
            PassingEvent::Went { user, count, .. } if *count > CROWD => self.diff.went(user.clone()),
            PassingEvent::Came { .. } | PassingEvent::Went { .. } => {
                self.tell_diff(); // what was gathered came before
                self.tell_passing(Passing::new(event));
            }
            PassingEvent::Read { .. } | PassingEvent::Typing { .. } => self.tell_passing(Passing::new(event)),
        }
    }

    fn tell_passing(&mut self, passing: Passing) {
        let passing = Arc::new(passing);
        for seat in self.seats.values_mut() {
            seat.overhear(&passing);
        }
    }

    fn tell_diff(&mut self) {
        if let Some(announcement) = self.diff.take(self.session) {
            self.tell_passing(Passing { announcement: Arc::new(announcement), but: But::Nobody });
        }
    }

    /// Does what waits for the tick.
    pub(super) fn tick(&mut self, counts: &Counts) {
        self.tell_diff();
        self.tell_lagged(counts);
    }

    /// Tells slow readers what they missed, as far as their queues take it; who was told must join again.
    fn tell_lagged(&mut self, counts: &Counts) {
        let session_id = self.session.0;
        let told = |(id, seat): (&SeatId, &Seat)| match seat.state {
            State::Lagged { from, to } => {
                let lagged = to_raw_value(&Lagged { session_id, from, to }).ok()?;
                let lagged = Arc::new(Announcement::lasting(Announcement::LAGGED, lagged));
                seat.listener.outlet.tell(&lagged).is_ok().then_some(*id)
            }
            State::Joining { .. } | State::Live(_) => None,
        };
        let told: Vec<_> = self.seats.iter().filter_map(told).collect();
        for id in told {
            counts.lagged();
            self.end(id);
        }
    }

    fn end(&mut self, id: SeatId) {
        if let Some(seat) = self.seats.remove(&id) {
            seat.listener.outlet.ended(self.session);
        }
    }
}
