//! One connection: whose it is, what it joined, and its queue of events.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use rondo_domain::{LoginId, SessionId, account::Actor, presence::ConnectionId, trace::TraceContext};
use socketioxide::{SendError, SocketError, extract::SocketRef};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Gateway,
    backlog::{Backlog, MOST, MOST_BEFORE_PASSING},
    bucket::{Bucket, Passage},
    dispatch::Incoming,
};
use crate::hub::{Announcement, Full, Outlet, SeatId};

/// How many events, and how many bytes of them, may wait for one connection to be handled.
const QUEUE_EVENTS: usize = 1_024;
const QUEUE_BYTES: usize = 1024 * 1024;
/// How many posts of one connection may be under way, to be committed together.
const POSTS: usize = 32;
/// How long a connection that asked for much may take to read it.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many sessions one connection may join.
const MAX_JOINED: usize = 1_000;

/// What a connection sent and was not yet handled.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Incoming>,
    bytes: usize,
    /// Whether somebody is handling it.
    running: bool,
    /// Whether nothing more is taken, and the connection is closed when it is empty.
    winding_up: bool,
}

/// Which sessions a connection hears, and the name of its stay in each.
#[derive(Default)]
struct Rooms {
    joined: HashMap<SessionId, ConnectionId>,
    closed: bool,
}

/// What became of a stay that was to begin.
pub(super) enum Stay {
    /// It began.
    Began,
    /// Another began before, and goes on.
    GoesOn,
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
    /// The connection is about to be closed; nothing was queued.
    Dropped,
}

/// What is next in the queue.
pub(super) enum Next {
    /// This event.
    Event(Incoming),
    /// Nothing before a post is done, or an event arrives.
    Wait,
    /// Nothing: the caller stops handling.
    Nothing,
    /// Nothing more: the caller closes the connection.
    End,
}

/// One connection.
pub(super) struct Connection {
    /// Its name in the hub.
    pub(super) seat: SeatId,
    actor: Mutex<Actor>,
    rooms: Mutex<Rooms>,
    queue: Mutex<Queue>,
    /// Wakes whoever handles the queue.
    arrived: Notify,
    bucket: Option<Bucket>,
    stream: Stream,
    /// The trace that its handshake was part of: so are its events.
    pub(super) trace: Option<TraceContext>,
}

/// What a connection knows of the stream below it.
pub(super) struct Stream {
    /// Cuts the websocket, if it began as one.
    pub(super) cut: Option<CancellationToken>,
    /// What waits for the reader.
    pub(super) backlog: Arc<Backlog>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    /// A connection that may send any number of events, unless it is given a bucket.
    pub(super) fn new(
        seat: SeatId,
        actor: Actor,
        bucket: Option<Bucket>,
        stream: Stream,
        trace: Option<TraceContext>,
    ) -> Self {
        Self {
            seat,
            actor: Mutex::new(actor),
            rooms: Mutex::default(),
            queue: Mutex::default(),
            arrived: Notify::new(),
            bucket,
            stream,
            trace,
        }
    }

    /// Whether it may send one more event now.
    pub(super) fn pass(&self) -> Passage {
        self.bucket.as_ref().map_or(Passage::Granted, Bucket::take)
    }

    /// Who speaks, and until when.
    pub(super) fn actor(&self) -> Actor {
        *lock(&self.actor)
    }

    /// Another token of the same person; gives who speaks from now on, and until when. One of the same login never
    /// shortens the connection's life; by another login it stands for as long as that one's token says.
    pub(super) fn renew(&self, shown: Actor) -> Actor {
        let mut actor = lock(&self.actor);
        let until = if shown.login == actor.login { actor.expires_at.max(shown.expires_at) } else { shown.expires_at };
        *actor = Actor { expires_at: until, ..shown };
        *actor
    }

    /// Cuts the websocket, if it began as one.
    pub(super) fn cut(&self) {
        if let Some(cut) = &self.stream.cut {
            cut.cancel();
        }
    }

    /// Takes note of an acknowledgement that is handed over.
    pub(super) fn acknowledging(&self, bytes: usize) {
        self.stream.backlog.hand(bytes);
    }

    /// How many bytes wait for the reader.
    pub(super) fn outgoing(&self) -> u64 {
        self.stream.backlog.waiting()
    }

    /// Waits until the reader has taken most of what it was sent: whoever does not read is not served either. `false`
    /// when that takes too long.
    pub(super) async fn reads(&self) -> bool {
        timeout(PATIENCE, self.stream.backlog.until(MOST)).await.is_ok()
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

    /// Notes a stay in a session, unless there is one.
    pub(super) fn joined(&self, session: SessionId, stay: ConnectionId) -> Stay {
        let mut rooms = lock(&self.rooms);
        if rooms.closed {
            return Stay::Closed;
        }
        match rooms.joined.entry(session) {
            Entry::Occupied(_) => Stay::GoesOn,
            Entry::Vacant(place) => {
                place.insert(stay);
                Stay::Began
            }
        }
    }

    /// Notes that it no longer hears a session; gives the stay that is over.
    pub(super) fn left(&self, session: SessionId) -> Option<ConnectionId> {
        lock(&self.rooms).joined.remove(&session)
    }

    /// Nothing may be joined from now on; gives what was.
    pub(super) fn close(&self) -> HashMap<SessionId, ConnectionId> {
        self.stream.backlog.end();
        let mut rooms = lock(&self.rooms);
        rooms.closed = true;
        std::mem::take(&mut rooms.joined)
    }

    /// Queues an event.
    pub(super) fn push(&self, incoming: Incoming) -> Queued {
        let mut queue = lock(&self.queue);
        if queue.winding_up {
            return Queued::Dropped;
        }
        let bytes = queue.bytes + incoming.size();
        if queue.waiting.len() >= QUEUE_EVENTS || (bytes > QUEUE_BYTES && !queue.waiting.is_empty()) {
            return Queued::Refused(incoming);
        }
        queue.bytes = bytes;
        queue.waiting.push_back(incoming);
        if std::mem::replace(&mut queue.running, true) {
            drop(queue);
            self.arrived.notify_one();
            Queued::Waits
        } else {
            Queued::Run
        }
    }

    /// The next event to handle, while so many posts are under way.
    pub(super) fn next(&self, posts: usize) -> Next {
        let mut queue = lock(&self.queue);
        match queue.waiting.front() {
            None if posts == 0 => {
                // An idle connection holds no buffer.
                *queue = Queue { winding_up: queue.winding_up, ..Queue::default() };
                if queue.winding_up { Next::End } else { Next::Nothing }
            }
            None => Next::Wait,
            Some(incoming) if incoming.is_post() && posts >= POSTS => Next::Wait,
            Some(_) => {
                let incoming = queue.waiting.pop_front();
                queue.bytes -= incoming.as_ref().map_or(0, Incoming::size);
                incoming.map_or(Next::Wait, Next::Event)
            }
        }
    }

    /// Takes no more events; `true` when none is being handled. Otherwise whoever does so closes the connection.
    pub(super) fn wind_up(&self) -> bool {
        let mut queue = lock(&self.queue);
        queue.winding_up = true;
        !queue.running
    }

    /// Waits until an event was queued.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
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
    fn tell(&self, announcement: &Arc<Announcement>) -> Result<(), Full> {
        let packet = announcement.packet();
        let backlog = &self.connection.stream.backlog;
        backlog.take(packet.len(), if announcement.is_passing() { MOST_BEFORE_PASSING } else { MOST })?;
        let told = sent(self.socket.emit_encoded(packet.clone()).map_err(SendError::Socket));
        if told.is_err() {
            backlog.give_back(packet.len());
        }
        told
    }

    fn login(&self) -> LoginId {
        self.connection.actor().login
    }

    fn ended(&self, session: SessionId) {
        if let (Some(stay), Some(gateway)) = (self.connection.left(session), self.gateway.upgrade()) {
            gateway.typing.expire(session, self.connection.actor().user);
            gateway.end_stay_soon(session, stay);
        }
    }

    fn login_ended(&self, login: LoginId) {
        if let Some(gateway) = self.gateway.upgrade()
            && self.login() == login
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
