//! One session's listeners on this node, and the order in which they hear its events.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

use rondo_domain::{
    SessionId, UserId,
    bus::PassingEvent,
    event::{EventKind, Position, RecordedEvent},
};

use super::{
    Announcement, Listener, SeatId,
    counts::Counts,
    crowd::{CROWD, Diff},
    people::{self, People},
    seat::{But, LiveEvent, Passing, Seat, State, Taken, Verdict},
    traces,
};

/// How many events wait for the one before them. Beyond, the log is read again anyway.
const PENDING: usize = 1_000;

/// One session's room on this node.
pub(super) struct Room {
    session: SessionId,
    /// The last position that was handed to the seats; unknown until the first of them goes live.
    last: Option<Position>,
    /// The last position that was ever handed to a seat.
    reached: Position,
    /// Events that came before the one that precedes them.
    pending: BTreeMap<Position, Taken>,
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
        let before = self.seats.remove(&listener.seat).and_then(|seat| seat.state.remembered());
        self.seats.insert(listener.seat, Seat { listener, state: State::joining(before) });
    }

    pub(super) fn detach(&mut self, seat: SeatId) {
        self.seats.remove(&seat);
    }

    /// Lets a seat hear what comes after `position`.
    pub(super) fn go_live(&mut self, id: SeatId, position: Position, counts: &Counts) {
        if let Some(seat) = self.seats.get_mut(&id)
            && seat.go_live(position, counts) == Verdict::Leaves
        {
            self.end(id);
        }
        if self.last.is_none() {
            self.last = Some(position);
            self.pending = self.pending.split_off(&(position + 1));
        } else {
            self.wait_for(id);
        }
    }

    /// Lets a seat go on as it stood before it joined again; one that did not stand goes. `true` when it goes on.
    pub(super) fn go_back(&mut self, id: SeatId, counts: &Counts) -> bool {
        match self.seats.get_mut(&id).and_then(|seat| seat.go_back(counts)) {
            Some(Verdict::Leaves) => self.end(id),
            Some(Verdict::Stays) => self.wait_for(id),
            None => {
                self.seats.remove(&id);
                return false;
            }
        }
        true
    }

    /// Hands out again what a seat that went live could not hold back: it came before anybody was live, with an older
    /// snapshot than whoever went live first, or behind a gap. Nobody hears it twice.
    fn wait_for(&mut self, id: SeatId) {
        if let Some(last) = self.last
            && let Some(heard) = self.seats.get(&id).and_then(Seat::heard).filter(|heard| *heard < last)
        {
            self.last = Some(heard);
            self.reached = self.reached.max(last);
        }
    }

    /// Takes an event from the bus or the log, in whatever order, however often; [`Room::deliver`] hands it out. `since`
    /// is when it was committed, if that was told.
    pub(super) fn take(&mut self, event: Arc<RecordedEvent>, since: Option<Instant>) {
        if self.last.is_some_and(|last| event.position <= last) {
            return;
        }
        let since = self.pending.get(&event.position).and_then(|taken| taken.since).or(since);
        self.pending.insert(event.position, Taken { event, since });
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
                seat.state = State::Lagged { from: heard.max(last) + 1, to: position, end: None };
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
            && let Some(taken) = self.pending.remove(&(last + 1))
        {
            self.last = Some(last + 1);
            ready.push(Arc::new(LiveEvent::new(taken)));
        }
        if ready.is_empty() {
            return;
        }
        let _deliveries = traces::deliver(ready.iter().map(|event| &*event.recorded), self.seats.len());
        let (mut leaving, mut told) = (Vec::new(), vec![0; ready.len()]);
        for (id, seat) in &mut self.seats {
            for (event, told) in ready.iter().zip(&mut told) {
                if seat.hear(event, told, counts) == Verdict::Leaves {
                    leaving.push((*id, Arc::clone(event)));
                    break;
                }
            }
        }
        for (event, told) in ready.iter().zip(told) {
            counts.delivered(event.since, told);
        }
        for (id, last) in leaving {
            self.end(id);
            if let (EventKind::MemberRemove, Some(since)) = (last.recorded.kind, last.since) {
                counts.membership_silenced(since);
            }
        }
    }

    /// Whether an event is known to be missing before one that is there.
    pub(super) fn has_gap(&self) -> bool {
        self.last.is_some_and(|last| last < self.reached || !self.pending.is_empty())
    }

    /// Shows an event to connections of people that are not in the room; those that are hear it there, and once.
    pub(super) fn tell_others(&self, users: &[UserId], event: &Arc<RecordedEvent>, people: &People, counts: &Counts) {
        let _delivery = traces::deliver(std::iter::once(&**event), users.len());
        let announcement = Arc::new(Announcement::of_event(event));
        for user in users {
            for (seat, outlet) in people.of_event(*user, event) {
                if !self.seats.contains_key(&seat) {
                    people::tell(&*outlet, &announcement, counts);
                }
            }
        }
    }

    /// Shows what is passing to those who are there. Comings and goings in a crowd are gathered until the next tick.
    pub(super) fn pass(&mut self, event: &PassingEvent, counts: &Counts) {
        match event {
            PassingEvent::Came { user, present, count, .. } if *count > CROWD => {
                self.diff.came(user.clone(), *present);
            }
            PassingEvent::Went { user, count, .. } if *count > CROWD => self.diff.went(user.clone()),
            PassingEvent::Came { .. } | PassingEvent::Went { .. } => {
                self.tell_diff(counts); // what was gathered came before
                self.tell_passing(Passing::new(event), counts);
            }
            PassingEvent::Read { .. } | PassingEvent::Typing { .. } => self.tell_passing(Passing::new(event), counts),
        }
    }

    fn tell_passing(&mut self, passing: Passing, counts: &Counts) {
        let passing = Arc::new(passing);
        for seat in self.seats.values_mut() {
            seat.overhear(&passing, counts);
        }
    }

    fn tell_diff(&mut self, counts: &Counts) {
        if let Some(announcement) = self.diff.take(self.session) {
            self.tell_passing(Passing { announcement: Arc::new(announcement), but: But::Nobody }, counts);
        }
    }

    /// Does what waits for the tick.
    pub(super) fn tick(&mut self, counts: &Counts) {
        self.tell_diff(counts);
        self.tell_lagged(counts);
    }

    /// Tells slow readers what they missed, as far as their queues take it; who was told must join again.
    fn tell_lagged(&mut self, counts: &Counts) {
        let session = self.session;
        let told = |(id, seat): (&SeatId, &mut Seat)| seat.catch_up(session, counts).then_some(*id);
        let told: Vec<_> = self.seats.iter_mut().filter_map(told).collect();
        for id in told {
            if let Some(seat) = self.seats.remove(&id)
                && !seat.is_owed_an_end()
            {
                seat.listener.outlet.ended(session);
            }
        }
    }

    /// A seat hears no more. That of a slow reader is kept until it was told so.
    fn end(&mut self, id: SeatId) {
        if let Some(seat) = self.seats.get(&id) {
            seat.listener.outlet.ended(self.session);
            if !seat.is_owed_an_end() {
                self.seats.remove(&id);
            }
        }
    }
}
