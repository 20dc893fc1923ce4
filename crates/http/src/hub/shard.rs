//! A shard of the hub: one task that owns the rooms of its sessions and repairs them from the log.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    mem,
    sync::Arc,
    time::Instant,
};

use rondo_domain::{
    SessionId, UserId,
    bus::{Bus, PassingEvent, Topic},
    event::{Position, RecordedEvent},
    page::Limit,
    store::{EventLog, Head, StoreError},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{HubSettings, Listener, SeatId, counts::Counts, occupied::Occupied, people::People, room::Room};

/// How many commands are obeyed before what came of them is handed out.
const BATCH: usize = 256;

/// What a shard is asked to do.
pub(super) enum Command {
    Attach {
        session: SessionId,
        listener: Listener,
        reply: oneshot::Sender<()>,
    },
    GoLive {
        session: SessionId,
        seat: SeatId,
        position: Position,
    },
    GoBack {
        session: SessionId,
        seat: SeatId,
        reply: oneshot::Sender<bool>,
    },
    Detach {
        session: SessionId,
        seat: SeatId,
    },
    /// It was committed, and since then.
    Hint(Arc<RecordedEvent>, Instant),
    HintFor(Arc<[UserId]>, Arc<RecordedEvent>),
    Passing(Arc<PassingEvent>),
    /// The bus may have lost signals of these.
    Missed(Vec<SessionId>),
}

/// What came of work that a shard does not wait for.
enum Done {
    Missing {
        session: SessionId,
        after: Position,
        read: Result<Vec<RecordedEvent>, StoreError>,
    },
    Heads(Result<Vec<Head>, StoreError>),
    /// The signals of these arrive.
    Listening(Vec<SessionId>),
}

/// A session whose signals were asked for, until they are left.
struct Hearing {
    /// Whether the bus has not answered yet.
    asking: bool,
    /// The seats whose callers wait for that.
    waiting: Vec<(SeatId, oneshot::Sender<()>)>,
}

/// What a shard stands on.
pub(super) struct Parts {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) people: Arc<People>,
    pub(super) counts: Arc<Counts>,
    /// Told of each room that comes and goes.
    pub(super) occupied: Arc<Occupied>,
}

/// The task's whole state.
pub(super) struct Shard {
    parts: Parts,
    settings: HubSettings,
    rooms: HashMap<SessionId, Room>,
    /// The sessions that the bus was asked for. With a local bus there are none.
    topics: HashMap<SessionId, Hearing>,
    /// Those of them that it is still to be asked for.
    wanted: Vec<SessionId>,
    /// Rooms that took events since the last delivery.
    touched: Vec<SessionId>,
    /// Work under way: of reads of the log at most one a room, and one sweep.
    work: JoinSet<Done>,
    sweeping: bool,
    /// What the next sweep is for, when it is not for all.
    overdue: HashSet<SessionId>,
}

impl Shard {
    pub(super) fn new(parts: Parts, settings: HubSettings) -> Self {
        Self {
            parts,
            settings,
            rooms: HashMap::new(),
            topics: HashMap::new(),
            wanted: Vec::new(),
            touched: Vec::new(),
            work: JoinSet::new(),
            sweeping: false,
            overdue: HashSet::new(),
        }
    }

    /// Runs until the last way into the hub is dropped.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut sweep = interval(self.settings.sweep);
        let mut tick = interval(self.settings.tick);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut commands = Vec::new();
        loop {
            tokio::select! {
                count = inbox.recv_many(&mut commands, BATCH) => match count {
                    0 => return,
                    _ => commands.drain(..).for_each(|command| self.obey(command)),
                },
                Some(done) = self.work.join_next() => match done {
                    Ok(Done::Missing { session, after, read }) => self.repaired(session, after, read),
                    Ok(Done::Heads(heads)) => self.swept(heads),
                    Ok(Done::Listening(sessions)) => self.listening(sessions),
                    // A read that panicked would leave its room without repair: let the whole shard be seen to die.
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_cancelled) => return,
                    },
                },
                _ = sweep.tick() => self.sweep(),
                _ = tick.tick() => self.tick(),
            }
            self.settle();
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Attach { session, listener, reply } => self.attach(session, listener, reply),
            Command::GoLive { session, seat, position } => {
                self.with_room(session, |room, counts| room.go_live(seat, position, counts));
            }
            Command::GoBack { session, seat, reply } => self.with_room(session, |room, counts| {
                let _gone = reply.send(room.go_back(seat, counts));
            }),
            Command::Detach { session, seat } => self.with_room(session, |room, _| room.detach(seat)),
            Command::Hint(event, since) => {
                if let Some(room) = self.rooms.get_mut(&event.session_id) {
                    if !mem::replace(&mut room.touched, true) {
                        self.touched.push(event.session_id);
                    }
                    room.take(event, Some(since));
                }
            }
            Command::HintFor(users, event) => {
                let Parts { people, counts, .. } = &self.parts;
                match self.rooms.get(&event.session_id) {
                    Some(room) => room.tell_others(&users, &event, people, counts),
                    None => Room::new(event.session_id).tell_others(&users, &event, people, counts),
                }
            }
            Command::Passing(event) => self.with_room(event.session(), |room, counts| room.pass(&event, counts)),
            Command::Missed(sessions) => {
                self.overdue.extend(sessions.into_iter().filter(|session| self.rooms.contains_key(session)));
                self.sweep_overdue();
            }
        }
    }

    /// Hands out what came, and asks the bus for what is wanted.
    fn settle(&mut self) {
        let mut touched = mem::take(&mut self.touched);
        for session in touched.drain(..) {
            self.with_room(session, |_, _| {});
        }
        self.touched = touched;
        if !self.wanted.is_empty() {
            let (bus, sessions) = (Arc::clone(&self.parts.bus), mem::take(&mut self.wanted));
            self.work.spawn(async move {
                let topics: Vec<_> = sessions.iter().map(|session| Topic::Session(*session)).collect();
                bus.listen(&topics).await;
                Done::Listening(sessions)
            });
        }
    }

    fn attach(&mut self, session: SessionId, listener: Listener, reply: oneshot::Sender<()>) {
        let seat = listener.seat;
        self.rooms.entry(session).or_insert_with(|| {
            self.parts.occupied.insert(session);
            Room::new(session)
        });
        self.with_room(session, |room, _| room.attach(listener));
        if self.parts.bus.is_local() {
            return self.answer(session, seat, reply);
        }
        match self.topics.entry(session) {
            Entry::Occupied(hearing) if !hearing.get().asking => self.answer(session, seat, reply),
            Entry::Occupied(mut hearing) => hearing.get_mut().waiting.push((seat, reply)),
            Entry::Vacant(place) => {
                place.insert(Hearing { asking: true, waiting: vec![(seat, reply)] });
                self.wanted.push(session);
            }
        }
    }

    fn answer(&mut self, session: SessionId, seat: SeatId, reply: oneshot::Sender<()>) {
        if reply.send(()).is_err() {
            self.with_room(session, |room, _| room.detach(seat)); // whoever asked is gone
        }
    }

    fn listening(&mut self, sessions: Vec<SessionId>) {
        for session in sessions {
            let Some(hearing) = self.topics.get_mut(&session) else { continue };
            hearing.asking = false;
            for (seat, reply) in mem::take(&mut hearing.waiting) {
                self.answer(session, seat, reply);
            }
            if !self.rooms.contains_key(&session) {
                self.leave(session);
            }
        }
    }

    /// Nobody is in a room any more.
    fn emptied(&mut self, session: SessionId) {
        self.parts.occupied.remove(session);
        self.leave(session);
    }

    /// Asks no more for the signals of a session in which nobody is, unless they are just being asked for.
    fn leave(&mut self, session: SessionId) {
        if self.topics.get(&session).is_some_and(|hearing| !hearing.asking) {
            self.topics.remove(&session);
            self.parts.bus.leave(Topic::Session(session));
        }
    }

    /// Does something to a room, if there is one, after what it took was handed out; then lets an empty one go, and sees
    /// to a gap.
    fn with_room(&mut self, session: SessionId, act: impl FnOnce(&mut Room, &Counts)) {
        let Entry::Occupied(mut entry) = self.rooms.entry(session) else { return };
        let room = entry.get_mut();
        room.deliver(&self.parts.counts);
        act(room, &self.parts.counts);
        room.deliver(&self.parts.counts);
        if room.is_empty() {
            entry.remove();
            self.emptied(session);
        } else if room.has_gap() {
            Self::repair(&self.parts.log, &mut self.work, session, room);
        }
    }

    /// Reads from the log what comes after the last position that was handed out.
    fn repair(log: &Arc<dyn EventLog>, work: &mut JoinSet<Done>, session: SessionId, room: &mut Room) {
        let Some(after) = room.last().filter(|_| !room.repairing) else { return };
        room.repairing = true;
        let log = Arc::clone(log);
        work.spawn(async move {
            let read = log.events(session, after, Position::MAX, Limit::EVENTS_MAX).await;
            Done::Missing { session, after, read }
        });
    }

    fn repaired(&mut self, session: SessionId, after: Position, read: Result<Vec<RecordedEvent>, StoreError>) {
        let Some(room) = self.rooms.get_mut(&session) else { return };
        room.repairing = false;
        let events = match read {
            Ok(events) => events,
            Err(error) => {
                // The next sweep tries again.
                tracing::warn!(session.id = %session, error.cause = %error, "the log could not be read for a repair");
                return;
            }
        };
        tracing::debug!(session.id = %session, after, events = events.len(), "a gap was repaired from the log");
        if events.is_empty() {
            return; // what was hinted at is not to be read yet; the next sweep tries again
        }
        self.parts.counts.repaired.one();
        let read_all = events.len() < Limit::EVENTS_MAX.get();
        if let Some(first) = events.first()
            && first.position > after + 1
            && room.last().is_some_and(|last| last >= after)
        {
            room.skip_to(first.position - 1);
        }
        for event in events {
            room.take(Arc::new(event), None);
        }
        self.with_room(session, |_, _| {});
        if !read_all && let Some(room) = self.rooms.get_mut(&session) {
            Self::repair(&self.parts.log, &mut self.work, session, room);
        }
    }

    /// Asks, in one query, where the logs of all rooms stand: the last hint of a session has none after it.
    fn sweep(&mut self) {
        if !self.sweeping {
            self.overdue = self.rooms.keys().copied().collect();
            self.sweep_overdue();
        }
    }

    /// As [`Shard::sweep`], for those of which the bus may have lost something.
    fn sweep_overdue(&mut self) {
        if self.sweeping {
            return;
        }
        let live =
            |session: &SessionId| self.rooms.get(session).is_some_and(|room| room.last().is_some() && !room.repairing);
        let sessions: Vec<_> = mem::take(&mut self.overdue).into_iter().filter(live).collect();
        if sessions.is_empty() {
            return;
        }
        self.sweeping = true;
        let log = Arc::clone(&self.parts.log);
        self.work.spawn(async move { Done::Heads(log.heads(&sessions).await) });
    }

    fn swept(&mut self, heads: Result<Vec<Head>, StoreError>) {
        self.sweeping = false;
        match heads {
            Ok(heads) => {
                for Head { session, position } in heads {
                    if let Some(room) = self.rooms.get_mut(&session)
                        && room.last().is_some_and(|last| last < position)
                    {
                        Self::repair(&self.parts.log, &mut self.work, session, room);
                    }
                }
                self.sweep_overdue();
            }
            Err(error) => tracing::warn!(error.cause = %error, "the hub could not ask where the logs stand"),
        }
    }

    fn tick(&mut self) {
        for room in self.rooms.values_mut() {
            room.tick(&self.parts.counts);
        }
        let empty: Vec<_> = self.rooms.extract_if(|_, room| room.is_empty()).map(|(session, _)| session).collect();
        for session in empty {
            self.emptied(session);
        }
    }
}
