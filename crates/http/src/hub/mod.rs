//! The hub of one node: it takes committed events from the bus, puts them in position order, and hands them to the
//! connections that listen here.
//!
//! The bus is a hint and the log is the truth: a gap in the positions is read from the log, and a sweep finds what was
//! lost at the end. Sessions are spread over shards; each is one task that owns its rooms, so nothing here is locked.

mod crowd;
mod people;
mod room;
mod shard;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use rondo_domain::{
    LoginId, SessionId, UserId,
    bus::{Signal, SignalSink, Topic},
    event::Position,
    store::EventLog,
};
use serde_json::value::RawValue;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use people::People;
use shard::{Command, Shard};

/// How many commands and hints one shard holds; hints beyond are dropped and repaired from the log.
const INBOX: usize = 8_192;

/// A connection's name in the hub: one seat per session and connection.
pub(crate) type SeatId = u64;

/// The outlet's queue is full: what was handed over was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Where a connection takes what it hears. Nothing here waits; a connection that is gone swallows everything.
pub(crate) trait Outlet: Send + Sync {
    /// Hands over an event by its public name.
    fn tell(&self, name: &'static str, data: &RawValue) -> Result<(), Full>;

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
    /// Between two tries to tell a slow reader what it missed, and the time for which comings and goings of a crowd are
    /// gathered.
    pub(crate) tick: Duration,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self { sweep: Duration::from_secs(1), tick: Duration::from_millis(250) }
    }
}

/// The way into the hub.
#[derive(Clone)]
pub struct Hub {
    shards: Arc<[mpsc::Sender<Command>]>,
    people: Arc<People>,
}

impl Hub {
    /// Starts `shards` tasks; they end when the last `Hub` is dropped. Whoever holds the set sees if one dies.
    #[must_use]
    pub fn start(log: &Arc<dyn EventLog>, shards: usize, tasks: &mut JoinSet<()>) -> Self {
        Self::with_settings(log, shards, HubSettings::default(), tasks)
    }

    pub(crate) fn with_settings(
        log: &Arc<dyn EventLog>,
        shards: usize,
        settings: HubSettings,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let people = Arc::new(People::default());
        let start = |_| {
            let (sender, inbox) = mpsc::channel(INBOX);
            tasks.spawn(Shard::new(Arc::clone(log), Arc::clone(&people), settings).run(inbox));
            sender
        };
        Self { shards: (0..shards.max(1)).map(start).collect(), people }
    }

    /// Lets a connection hear what is for its person, whichever sessions it joins.
    pub(crate) fn welcome(&self, user: UserId, seat: SeatId, outlet: Arc<dyn Outlet>) {
        self.people.add(user, seat, outlet);
    }

    /// The connection is gone.
    pub(crate) fn farewell(&self, user: UserId, seat: SeatId) {
        self.people.remove(user, seat);
    }

    /// Gives a connection its seat and holds back what it hears until [`Hub::go_live`]. A seat that it has in this
    /// session already is replaced. Answers once the seat is there.
    pub(crate) async fn attach(&self, session: SessionId, listener: Listener) -> Result<(), Stopped> {
        let (reply, answer) = oneshot::channel();
        self.send(session, Command::Attach { session, listener, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// Lets a seat hear all that comes after `position`: first what was held back, in order.
    pub(crate) async fn go_live(&self, session: SessionId, seat: SeatId, position: Position) -> Result<(), Stopped> {
        self.send(session, Command::GoLive { session, seat, position }).await
    }

    /// Takes a seat away; without effect when it has none.
    pub(crate) async fn detach(&self, session: SessionId, seat: SeatId) -> Result<(), Stopped> {
        self.send(session, Command::Detach { session, seat }).await
    }

    async fn send(&self, session: SessionId, command: Command) -> Result<(), Stopped> {
        self.shard(session).send(command).await.map_err(|_| Stopped)
    }

    fn shard(&self, session: SessionId) -> &mpsc::Sender<Command> {
        // The last bytes of a UUIDv7 are random.
        let [.., high, low] = session.0.into_bytes();
        &self.shards[usize::from(u16::from_be_bytes([high, low])) % self.shards.len()]
    }
}

impl Hub {
    fn hint(&self, session: SessionId, command: Command) {
        if self.shard(session).try_send(command).is_err() {
            tracing::warn!(session.id = %session, "the hub's inbox is full: a signal was dropped");
        }
    }
}

impl SignalSink for Hub {
    fn offer(&self, signal: Signal) {
        match signal {
            Signal::Event(event) => self.hint(event.session_id, Command::Hint(event)),
            Signal::EventFor(users, event) => self.hint(event.session_id, Command::HintFor(users, event)),
            Signal::Passing(event) => self.hint(event.session(), Command::Passing(event)),
            Signal::Personal(signal) => self.people.tell(&signal),
            Signal::LoginEnded { user, login } => self.people.login_ended(user, login),
            Signal::Stale(_) => {}
        }
    }

    fn missed(&self, _: &[Topic]) {}
}
