//! One connection: whose it is, what it joined, and its queue of events.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use rondo_domain::{LoginId, SessionId, account::Actor, presence::ConnectionId};
use serde_json::value::RawValue;
use socketioxide::{SendError, SocketError, extract::SocketRef};
use tokio_util::sync::CancellationToken;

use super::{
    Gateway,
    bucket::{Bucket, Passage},
    dispatch::Incoming,
};
use crate::hub::{Full, Outlet, SeatId};

/// How many events, and how many bytes of them, may wait for one connection to be handled.
const QUEUE_EVENTS: usize = 1_024;
const QUEUE_BYTES: usize = 1024 * 1024;
/// How many sessions one connection may join.
const MAX_JOINED: usize = 1_000;

/// What a connection sent and was not yet handled.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Incoming>,
    bytes: usize,
    /// Whether somebody is handling it.
    running: bool,
}

/// Which sessions a connection hears, and the name of its stay in each.
#[derive(Default)]
struct Rooms {
    joined: HashMap<SessionId, ConnectionId>,
    closed: bool,
}

/// What became of a stay that was to begin.
pub(super) enum Stay {
    /// It began; the one before it, if there was one, is over.
    Began(Option<ConnectionId>),
    /// The connection is closed.
    Closed,
}

/// What became of an event that was put in the queue.
pub(super) enum Queued {
    /// It is first: the caller sees to it that the queue is handled.
    Run,
    /// Somebody handles the queue already.
    Waits,
    /// There is no room; nothing was queued.
    Refused(Incoming),
}

/// One connection.
pub(super) struct Connection {
    /// Its name in the hub.
    pub(super) seat: SeatId,
    actor: Mutex<Actor>,
    rooms: Mutex<Rooms>,
    queue: Mutex<Queue>,
    bucket: Option<Bucket>,
    lifeline: Option<CancellationToken>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    /// A connection that may send any number of events, unless it is given a bucket.
    pub(super) fn new(seat: SeatId, actor: Actor, bucket: Option<Bucket>, lifeline: Option<CancellationToken>) -> Self {
        Self { seat, actor: Mutex::new(actor), rooms: Mutex::default(), queue: Mutex::default(), bucket, lifeline }
    }

    /// Whether it may send one more event now.
    pub(super) fn pass(&self) -> Passage {
        self.bucket.as_ref().map_or(Passage::Granted, Bucket::take)
    }

    /// Who speaks, and until when.
    pub(super) fn actor(&self) -> Actor {
        *lock(&self.actor)
    }

    /// A newer token of the same person.
    pub(super) fn renew(&self, actor: Actor) {
        *lock(&self.actor) = actor;
    }

    /// Cuts the websocket, if it began as one.
    pub(super) fn cut(&self) {
        if let Some(lifeline) = &self.lifeline {
            lifeline.cancel();
        }
    }

    /// Whether it may join one more session.
    pub(super) fn may_join(&self, session: SessionId) -> bool {
        let rooms = lock(&self.rooms);
        rooms.joined.contains_key(&session) || rooms.joined.len() < MAX_JOINED
    }

    /// Whether it has joined a session.
    pub(super) fn has_joined(&self, session: SessionId) -> bool {
        lock(&self.rooms).joined.contains_key(&session)
    }

    /// Notes a stay in a session.
    pub(super) fn joined(&self, session: SessionId, stay: ConnectionId) -> Stay {
        let mut rooms = lock(&self.rooms);
        if rooms.closed { Stay::Closed } else { Stay::Began(rooms.joined.insert(session, stay)) }
    }

    /// Notes that it no longer hears a session; gives the stay that is over.
    pub(super) fn left(&self, session: SessionId) -> Option<ConnectionId> {
        lock(&self.rooms).joined.remove(&session)
    }

    /// Nothing may be joined from now on; gives what was.
    pub(super) fn close(&self) -> HashMap<SessionId, ConnectionId> {
        let mut rooms = lock(&self.rooms);
        rooms.closed = true;
        std::mem::take(&mut rooms.joined)
    }

    /// Queues an event.
    pub(super) fn push(&self, incoming: Incoming) -> Queued {
        let mut queue = lock(&self.queue);
        let bytes = queue.bytes + incoming.size();
        if queue.waiting.len() >= QUEUE_EVENTS || (bytes > QUEUE_BYTES && !queue.waiting.is_empty()) {
            return Queued::Refused(incoming);
        }
        queue.bytes = bytes;
        queue.waiting.push_back(incoming);
        if std::mem::replace(&mut queue.running, true) { Queued::Waits } else { Queued::Run }
    }

    /// The next event to handle; with `None` the caller stops handling.
    pub(super) fn next(&self) -> Option<Incoming> {
        let mut queue = lock(&self.queue);
        let next = queue.waiting.pop_front();
        match &next {
            Some(incoming) => queue.bytes -= incoming.size(),
            None => *queue = Queue::default(), // an idle connection holds no buffer
        }
        next
    }
}

/// How the hub speaks to a connection.
pub(super) struct SocketOutlet {
    pub(super) socket: SocketRef,
    pub(super) connection: Arc<Connection>,
    /// Weak: the gateway holds the hub, which holds this.
    pub(super) gateway: Weak<Gateway>,
}

impl Outlet for SocketOutlet {
    fn tell(&self, name: &'static str, data: &RawValue) -> Result<(), Full> {
        sent(self.socket.emit(name, data))
    }

    fn ended(&self, session: SessionId) {
        if let (Some(stay), Some(gateway)) = (self.connection.left(session), self.gateway.upgrade()) {
            gateway.end_stay_soon(session, stay);
        }
    }

    fn login_ended(&self, login: LoginId) {
        if let Some(gateway) = self.gateway.upgrade()
            && self.connection.actor().login == login
        {
            gateway.end(self.socket.clone(), &self.connection);
        }
    }

    fn cut(&self) {
        if let Some(gateway) = self.gateway.upgrade() {
            gateway.cut(self.socket.id, &self.connection);
        }
    }
}

/// A full queue must be told; a closed socket is taken away by its own disconnect.
pub(super) fn sent(result: Result<(), SendError>) -> Result<(), Full> {
    match result {
        Err(SendError::Socket(SocketError::InternalChannelFull)) => Err(Full),
        Ok(()) | Err(SendError::Socket(_)) => Ok(()),
        Err(SendError::Serialize(error)) => {
            tracing::error!(error.cause = %error, "an event could not be encoded");
            Ok(())
        }
    }
}
