//! The hub of one node: it takes committed events from the bus, puts them in position order, and hands them to the
//! connections that listen here.
//!
//! The bus is a hint and the log is the truth: a gap in the positions is read from the log, and a sweep finds what was
//! lost at the end. Sessions are spread over shards; each is one task that owns its rooms, so nothing here is locked.

mod announcement;
mod counts;
mod crowd;
mod occupied;
mod people;
mod room;
mod seat;
mod shard;
mod sweep;
#[cfg(test)]
mod tests;
mod topics;
mod traces;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rondo_domain::{
    LoginId, SessionId, UserId,
    bus::{Bus, Signal, SignalSink, Topic},
    event::Position,
    store::{EventLog, PersonalLog},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

pub(crate) use announcement::{Announcement, Rendering};
use counts::Counts;
pub use counts::HubCounts;
use occupied::Occupied;
use people::People;
use shard::{Command, Shard};
use sweep::PersonalSweep;

/// How many commands and hints one shard holds; hints beyond are dropped and repaired from the log.
const INBOX: usize = 8_192;

/// A connection's name in the hub: one seat per session and connection.
pub(crate) type SeatId = u64;

/// The first of this process's seats and stays. Their names are unique among all nodes, as their upper half is drawn at
/// random: of 10 nodes that run together two share it once in 95 million starts, of 100 once in 870,000.
fn first_seat() -> SeatId {
    RandomState::new().hash_one(std::process::id()) << 32 | 1
}

/// The outlet's queue is full: what was handed over was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Where a connection takes what it hears. Nothing here waits; a connection that is gone swallows everything.
pub(crate) trait Outlet: Send + Sync {
    /// Hands over an event. What is passing is refused while there is still room for what lasts.
    fn tell(&self, announcement: &Arc<Announcement>) -> Result<(), Full>;

    /// By which login the connection stands.
    fn login(&self) -> LoginId;

    /// The connection hears nothing more of this session unless it joins again.
    fn ended(&self, session: SessionId);

    /// A login of the person was cut; if it is this connection's, it ends.
    fn login_ended(&self, login: LoginId);

    /// The connection cannot be told what it must know: it is cut, comes back, and reads afresh.
    fn cut(&self);
}

/// A connection that wants to hear a session.
pub(crate) struct Listener {
    /// Its name.
    pub(crate) seat: SeatId,
    /// Whose it is.
    pub(crate) user: UserId,
    /// Where it takes what it hears.
    pub(crate) outlet: Arc<dyn Outlet>,
}

/// The hub is stopping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopped;

/// How often the hub looks for what it missed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HubSettings {
    /// Between two looks at the heads of all logs that are listened to.
    pub(crate) sweep: Duration,
    /// Between two looks for what is for people, where the bus may lose it.
    pub(crate) personal_sweep: Duration,
    /// Between two tries to tell a slow reader what it missed, and the time for which comings and goings of a crowd are
    /// gathered.
    pub(crate) tick: Duration,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self { sweep: Duration::from_secs(1), personal_sweep: Duration::from_secs(2), tick: Duration::from_millis(250) }
    }
}

/// What the hub stands on.
#[derive(Clone)]
pub struct HubParts {
    /// What happened in sessions.
    pub log: Arc<dyn EventLog>,
    /// What is for people.
    pub personal: Arc<dyn PersonalLog>,
    /// Where the signals of other nodes are asked for; what it brings is offered to the hub by whoever starts both.
    pub bus: Arc<dyn Bus>,
}

/// The way into the hub.
#[derive(Clone)]
pub struct Hub {
    shards: Arc<[mpsc::Sender<Command>]>,
    /// The rooms of each shard.
    occupied: Arc<[Arc<Occupied>]>,
    people: Arc<People>,
    counts: Arc<Counts>,
    seats: Arc<AtomicU64>,
    /// Wake those who see to people's topics and to what the bus may have lost; there are none beside a local bus.
    changed: Option<mpsc::Sender<()>>,
    missed: Option<mpsc::Sender<()>>,
}

impl Hub {
    /// Starts `shards` tasks, and those that see to people; they end when the last `Hub` is dropped. Whoever holds the
    /// set sees if one dies.
    #[must_use]
    pub fn start(parts: &HubParts, shards: usize, tasks: &mut JoinSet<()>) -> Self {
        Self::with_settings(parts, shards, HubSettings::default(), tasks)
    }

    pub(crate) fn with_settings(
        parts: &HubParts,
        shards: usize,
        settings: HubSettings,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let HubParts { log, personal, bus } = parts;
        let (people, counts) = (Arc::new(People::default()), Arc::new(Counts::default()));
        let occupied: Arc<[Arc<Occupied>]> = (0..shards.max(1)).map(|_| Arc::default()).collect();
        let start = |occupied: &Arc<Occupied>| {
            let (sender, inbox) = mpsc::channel(INBOX);
            let parts = shard::Parts {
                log: Arc::clone(log),
                bus: Arc::clone(bus),
                people: Arc::clone(&people),
                counts: Arc::clone(&counts),
                occupied: Arc::clone(occupied),
            };
            tasks.spawn(Shard::new(parts, settings).run(inbox));
            sender
        };
        let shards: Arc<[_]> = occupied.iter().map(start).collect();
        let (mut changed, mut missed) = (None, None);
        if !bus.is_local() {
            let (sender, woken) = mpsc::channel(1);
            changed = Some(sender);
            tasks.spawn(topics::listen_for_people(Arc::clone(bus), Arc::clone(&people), woken));
            let (sender, woken) = mpsc::channel(1);
            missed = Some(sender);
            let sweep = PersonalSweep {
                log: Arc::clone(personal),
                people: Arc::clone(&people),
                counts: Arc::clone(&counts),
                every: settings.personal_sweep,
                shards: Arc::downgrade(&shards),
            };
            tasks.spawn(sweep.run(woken));
        }
        Self { shards, occupied, people, counts, seats: Arc::new(AtomicU64::new(first_seat())), changed, missed }
    }

    /// A name for a connection, a stay or a subscription that nobody had before.
    pub(crate) fn next_seat(&self) -> SeatId {
        self.seats.fetch_add(1, Ordering::Relaxed)
    }

    /// What the hub did so far.
    #[must_use]
    pub fn counts(&self) -> HubCounts {
        self.counts.read()
    }

    /// How many commands and hints wait for the shards.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shards.iter().map(|shard| shard.max_capacity() - shard.capacity()).sum()
    }

    /// Lets a connection hear what is for its person, whichever sessions it joins.
    pub(crate) fn welcome(&self, user: UserId, seat: SeatId, outlet: Arc<dyn Outlet>) {
        if self.people.add(user, seat, outlet, sweep::floor_of_coming()) {
            wake(self.changed.as_ref());
        }
    }

    /// The connection is gone.
    pub(crate) fn farewell(&self, user: UserId, seat: SeatId) {
        if self.people.remove(user, seat) {
            wake(self.changed.as_ref());
        }
    }

    /// Gives a connection its seat and holds back what it hears until [`Hub::go_live`]. A seat that it has in this
    /// session already is replaced, and stands again after [`Hub::go_back`]. Answers once the seat is there and the
    /// session's signals arrive on this node.
    pub(crate) async fn attach(&self, session: SessionId, listener: Listener) -> Result<(), Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(session, Command::Attach { session, listener, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// Lets a seat hear all that comes after `position`: first what was held back, in order.
    pub(crate) async fn go_live(&self, session: SessionId, seat: SeatId, position: Position) -> Result<(), Stopped> {
        self.send(session, Command::GoLive { session, seat, position }).await
    }

    /// The join was refused: a seat that stood before it hears on from there, first what was held back; another goes.
    /// `true` when it hears on, or has just heard the end.
    pub(crate) async fn go_back(&self, session: SessionId, seat: SeatId) -> Result<bool, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(session, Command::GoBack { session, seat, reply }).await?;
        Ok(answer.await.unwrap_or(false)) // there is no such room any more
    }

    /// Takes a seat away; without effect when it has none.
    pub(crate) async fn detach(&self, session: SessionId, seat: SeatId) -> Result<(), Stopped> {
        self.send(session, Command::Detach { session, seat }).await
    }

    async fn send(&self, session: SessionId, command: Command) -> Result<(), Stopped> {
        self.shard(session).send(command).await.map_err(|_| Stopped)
    }

    fn shard(&self, session: SessionId) -> &mpsc::Sender<Command> {
        &self.shards[shard_index(session, self.shards.len())]
    }

    /// Hands a signal to its shard, if anybody here listens to the session.
    fn hint_room(&self, session: SessionId, command: Command) {
        if self.occupied[shard_index(session, self.shards.len())].contains(session) {
            self.hint(session, command);
        }
    }

    fn hint(&self, session: SessionId, command: Command) {
        if self.shard(session).try_send(command).is_err() {
            self.counts.dropped.one();
            tracing::warn!(session.id = %session, "the hub's inbox is full: a signal was dropped");
        }
    }
}

/// Which of so many shards owns a session.
fn shard_index(session: SessionId, shards: usize) -> usize {
    // The last bytes of a UUIDv7 are random.
    let [.., high, low] = session.0.into_bytes();
    usize::from(u16::from_be_bytes([high, low])) % shards
}

/// Wakes a task, unless it is about to look anyway.
fn wake(waker: Option<&mpsc::Sender<()>>) {
    if let Some(waker) = waker {
        let _awake = waker.try_send(());
    }
}

impl SignalSink for Hub {
    fn offer(&self, signal: Signal) {
        self.offer_late(signal, Duration::ZERO);
    }

    fn offer_late(&self, signal: Signal, age: Duration) {
        match signal {
            Signal::Event(event) => {
                let now = Instant::now();
                self.hint_room(event.session_id, Command::Hint(event, now.checked_sub(age).unwrap_or(now)));
            }
            Signal::EventFor(users, event) => self.hint(event.session_id, Command::HintFor(users, event)),
            Signal::Passing(event) => self.hint_room(event.session(), Command::Passing(event)),
            Signal::Personal(signal) => self.people.tell(&signal, &self.counts),
            Signal::LoginEnded { user, login } => {
                let begun = Instant::now();
                if self.people.login_ended(user, login) > 0 {
                    self.counts.login_silenced(age + begun.elapsed());
                }
            }
            Signal::Stale(_) => {}
        }
    }

    fn missed(&self, topics: &[Topic]) {
        let mut sessions: HashMap<usize, Vec<SessionId>> = HashMap::new();
        for topic in topics {
            if let Topic::Session(session) = topic {
                sessions.entry(shard_index(*session, self.shards.len())).or_default().push(*session);
            }
        }
        for (shard, sessions) in sessions {
            // With a full inbox the next sweep looks.
            let _later = self.shards[shard].try_send(Command::Missed(sessions));
        }
        self.people.missed(topics.iter().filter_map(|topic| match topic {
            Topic::Person(user) => Some(*user),
            Topic::Session(_) => None,
        }));
        wake(self.missed.as_ref());
    }
}
