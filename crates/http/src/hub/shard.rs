//! A shard of the hub: one task that owns the rooms of its sessions and repairs them from the log.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use rondo_domain::{
    SessionId, UserId,
    bus::PassingEvent,
    event::{Position, RecordedEvent},
    page::Limit,
    store::{EventLog, Head, StoreError},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::{HubSettings, Listener, SeatId, people::People, room::Room};

/// What a shard is asked to do.
pub(super) enum Command {
    Attach { session: SessionId, listener: Listener, reply: oneshot::Sender<()> },
    GoLive { session: SessionId, seat: SeatId, position: Position },
    Detach { session: SessionId, seat: SeatId },
    Hint(Arc<RecordedEvent>),
    HintFor(Arc<[UserId]>, Arc<RecordedEvent>),
    Passing(Arc<PassingEvent>),
}

/// What a read of the log brought.
enum Found {
    Missing { session: SessionId, after: Position, read: Result<Vec<RecordedEvent>, StoreError> },
    Heads(Result<Vec<Head>, StoreError>),
}

/// The task's whole state.
pub(super) struct Shard {
    log: Arc<dyn EventLog>,
    people: Arc<People>,
    settings: HubSettings,
    rooms: HashMap<SessionId, Room>,
    /// Reads of the log under way: at most one a room, and one sweep.
    reads: JoinSet<Found>,
    sweeping: bool,
}

impl Shard {
    pub(super) fn new(log: Arc<dyn EventLog>, people: Arc<People>, settings: HubSettings) -> Self {
        Self { log, people, settings, rooms: HashMap::new(), reads: JoinSet::new(), sweeping: false }
    }

    /// Runs until the last way into the hub is dropped.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let mut sweep = interval(self.settings.sweep);
        let mut tick = interval(self.settings.tick);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                Some(read) = self.reads.join_next() => match read {
                    Ok(Found::Missing { session, after, read }) => self.repaired(session, after, read),
                    Ok(Found::Heads(heads)) => self.swept(heads),
                    // A read that panicked would leave its room without repair: let the whole shard be seen to die.
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_cancelled) => return,
                    },
                },
                _ = sweep.tick() => self.sweep(),
                _ = tick.tick() => self.tick(),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Attach { session, listener, reply } => {
                let room = self.rooms.entry(session).or_insert_with(|| Room::new(session));
                let seat = listener.seat;
                room.attach(listener);
                if reply.send(()).is_err() {
                    self.with_room(session, |room| room.detach(seat)); // whoever asked is gone
                }
            }
            Command::GoLive { session, seat, position } => self.with_room(session, |room| room.go_live(seat, position)),
            Command::Detach { session, seat } => self.with_room(session, |room| room.detach(seat)),
            Command::Hint(event) => self.with_room(event.session_id, |room| room.take(event)),
            Command::HintFor(users, event) => match self.rooms.get(&event.session_id) {
                Some(room) => room.tell_others(&users, &event, &self.people),
                None => Room::new(event.session_id).tell_others(&users, &event, &self.people),
            },
            Command::Passing(event) => self.with_room(event.session(), |room| room.pass(&event)),
        }
    }

    /// Does something to a room, if there is one; then lets an empty one go, and sees to a gap.
    fn with_room(&mut self, session: SessionId, act: impl FnOnce(&mut Room)) {
        let Entry::Occupied(mut entry) = self.rooms.entry(session) else { return };
        let room = entry.get_mut();
        act(room);
        if room.is_empty() {
            entry.remove();
        } else if room.has_gap() {
            Self::repair(&self.log, &mut self.reads, session, room);
        }
    }

    /// Reads from the log what comes after the last position that was handed out.
    fn repair(log: &Arc<dyn EventLog>, reads: &mut JoinSet<Found>, session: SessionId, room: &mut Room) {
        let Some(after) = room.last().filter(|_| !room.repairing) else { return };
        room.repairing = true;
        let log = Arc::clone(log);
        reads.spawn(async move {
            let read = log.events(session, after, Position::MAX, Limit::EVENTS_MAX).await;
            Found::Missing { session, after, read }
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
        let read_all = events.len() < Limit::EVENTS_MAX.get();
        if let Some(first) = events.first()
            && first.position > after + 1
            && room.last().is_some_and(|last| last >= after)
        {
            room.skip_to(first.position - 1);
        }
        for event in events {
            room.take(Arc::new(event));
        }
        if room.is_empty() {
            self.rooms.remove(&session);
        } else if !read_all || room.has_gap() {
            Self::repair(&self.log, &mut self.reads, session, room);
        }
    }

    /// Asks, in one query, where the logs of all rooms stand: the last hint of a session has none after it.
    fn sweep(&mut self) {
        let live = self.rooms.iter().filter(|(_, room)| room.last().is_some() && !room.repairing);
        let sessions: Vec<_> = live.map(|(session, _)| *session).collect();
        if self.sweeping || sessions.is_empty() {
            return;
        }
        self.sweeping = true;
        let log = Arc::clone(&self.log);
        self.reads.spawn(async move { Found::Heads(log.heads(&sessions).await) });
    }

    fn swept(&mut self, heads: Result<Vec<Head>, StoreError>) {
        self.sweeping = false;
        match heads {
            Ok(heads) => {
                for Head { session, position } in heads {
                    if let Some(room) = self.rooms.get_mut(&session)
                        && room.last().is_some_and(|last| last < position)
                    {
                        Self::repair(&self.log, &mut self.reads, session, room);
                    }
                }
            }
            Err(error) => tracing::warn!(error.cause = %error, "the hub could not ask where the logs stand"),
        }
    }

    fn tick(&mut self) {
        self.rooms.retain(|_, room| {
            room.tick();
            !room.is_empty()
        });
    }
}
