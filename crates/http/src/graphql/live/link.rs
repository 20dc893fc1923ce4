//! One connection as the hub and its operations know it: who speaks, what is under way, and what waits to be sent.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use rondo_domain::{SessionId, account::Actor};
use rondo_graphql::{Selection, Stream};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

use super::protocol::Close;
use crate::hub::{Announcement, Full, SeatId};

/// How many operations one connection may have under way, subscriptions and all.
pub(crate) const MAX_OPERATIONS: usize = 100;
/// How many values, and how many bytes of them, may wait for one connection; beyond, the reader is too slow.
const MOST: usize = 1_024;
const MOST_BYTES: usize = 1024 * 1024;
/// How many bytes may wait when something passing comes: the rest is for what lasts.
const MOST_BEFORE_PASSING: usize = MOST_BYTES / 4;
/// How long whoever asked for much may take to read it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// The memory of a queue that has become empty is kept up to this many places.
const KEPT_PLACES: usize = 16;

/// What a subscription hears.
pub(super) struct Hearing {
    pub(super) stream: Stream,
    pub(super) session: Option<SessionId>,
    pub(super) selection: Selection,
}

/// An operation that a client named.
pub(super) struct Operation {
    /// Its name, as JSON.
    pub(super) id: Box<str>,
    /// Its name in the hub.
    pub(super) seat: SeatId,
    /// What it hears, if it is a subscription.
    pub(super) hearing: OnceLock<Hearing>,
    state: AtomicU8,
}

/// It takes what comes.
const OPEN: u8 = 0;
/// Nothing more comes; what waits is still sent.
const ENDING: u8 = 1;
/// Nothing more is sent.
const DONE: u8 = 2;

impl Operation {
    pub(super) fn new(id: &str, seat: SeatId) -> Self {
        let id = serde_json::to_string(id).unwrap_or_default().into();
        Self { id, seat, hearing: OnceLock::new(), state: AtomicU8::new(OPEN) }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    pub(super) fn is_done(&self) -> bool {
        self.state.load(Ordering::Acquire) == DONE
    }

    /// Nothing more comes; `true` for whoever is the first to say so.
    pub(super) fn end(&self) -> bool {
        self.state.compare_exchange(OPEN, ENDING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn finish(&self) {
        self.state.store(DONE, Ordering::Release);
    }
}

/// What waits to be sent.
pub(super) enum Out {
    /// Something that the hub told, still to be made into what the operation selects.
    Told(Arc<Operation>, Arc<Announcement>),
    /// A value.
    Next(Arc<Operation>, Bytes),
    /// The one answer of an operation, and its end.
    Answer(Arc<Operation>, Vec<u8>),
    /// The end of an operation, with errors.
    Failed(Arc<Operation>, Vec<u8>),
}

impl Out {
    fn size(&self) -> usize {
        match self {
            Self::Told(_, told) => told.payload().get().len(),
            Self::Next(_, value) => value.len(),
            Self::Answer(_, body) | Self::Failed(_, body) => body.len(),
        }
    }
}

#[derive(Default)]
struct Outbox {
    waiting: VecDeque<Out>,
    bytes: usize,
    close: Option<Close>,
}

/// One connection.
pub(super) struct Link {
    /// Its name in the hub.
    pub(super) seat: SeatId,
    actor: OnceLock<Actor>,
    outbox: Mutex<Outbox>,
    /// Wakes the connection's task.
    arrived: Notify,
    /// Wakes those who wait for room.
    moved: Notify,
    operations: Mutex<HashMap<Box<str>, Arc<Operation>>>,
    /// Those that hear what is for the person.
    personal: Mutex<Vec<Arc<Operation>>>,
    /// How many are being begun or answered.
    running: AtomicUsize,
    /// Cuts the stream below.
    line: CancellationToken,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What became of an operation that was to be begun.
pub(super) enum Begun {
    Begun(Arc<Operation>),
    Duplicate,
    TooMany,
}

impl Link {
    pub(super) fn new(seat: SeatId, line: CancellationToken) -> Self {
        Self {
            seat,
            actor: OnceLock::new(),
            outbox: Mutex::default(),
            arrived: Notify::new(),
            moved: Notify::new(),
            operations: Mutex::default(),
            personal: Mutex::default(),
            running: AtomicUsize::new(0),
            line,
        }
    }

    /// Who speaks, once they said so.
    pub(super) fn actor(&self) -> Option<Actor> {
        self.actor.get().copied()
    }

    /// Notes who speaks.
    pub(super) fn admit(&self, actor: Actor) {
        let _once = self.actor.set(actor);
    }

    /// Notes an operation, which runs from now on until [`Link::rests`].
    pub(super) fn begin(&self, id: &str, seat: SeatId) -> Begun {
        let mut operations = lock(&self.operations);
        if operations.contains_key(id) {
            return Begun::Duplicate;
        }
        if operations.len() >= MAX_OPERATIONS || self.running.load(Ordering::Acquire) >= MAX_OPERATIONS {
            return Begun::TooMany;
        }
        let operation = Arc::new(Operation::new(id, seat));
        operations.insert(id.into(), Arc::clone(&operation));
        self.running.fetch_add(1, Ordering::AcqRel);
        Begun::Begun(operation)
    }

    /// An operation was answered, or hears what comes by itself.
    pub(super) fn rests(&self) {
        self.running.fetch_sub(1, Ordering::AcqRel);
        self.arrived.notify_one();
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire) > 0
    }

    /// The client wants to hear no more of an operation; gives it, if there is one.
    pub(super) fn complete(&self, id: &str) -> Option<Arc<Operation>> {
        let operation = lock(&self.operations).remove(id)?;
        self.forget(&operation);
        Some(operation)
    }

    /// An operation was sent to its end.
    pub(super) fn finished(&self, operation: &Arc<Operation>) {
        lock(&self.operations).retain(|_, known| !Arc::ptr_eq(known, operation));
        self.forget(operation);
    }

    fn forget(&self, operation: &Arc<Operation>) {
        operation.finish();
        lock(&self.personal).retain(|known| !Arc::ptr_eq(known, operation));
        self.moved.notify_waiters();
    }

    /// Lets an operation hear what is for the person.
    pub(super) fn hear_personal(&self, operation: &Arc<Operation>) {
        let mut personal = lock(&self.personal);
        if operation.is_open() {
            personal.push(Arc::clone(operation));
        }
    }

    /// The operations that hear something of what is for the person.
    pub(super) fn personal(&self, name: &str) -> Vec<Arc<Operation>> {
        let hears =
            |operation: &&Arc<Operation>| operation.hearing.get().is_some_and(|hearing| hearing.stream.hears(name));
        lock(&self.personal).iter().filter(hears).cloned().collect()
    }

    /// Ends all operations; gives those that may have a seat in a room.
    pub(super) fn end(&self) -> Vec<Arc<Operation>> {
        let operations: Vec<_> = lock(&self.operations).drain().map(|(_, operation)| operation).collect();
        operations.iter().for_each(|operation| operation.finish());
        lock(&self.personal).clear();
        let mut outbox = lock(&self.outbox);
        outbox.waiting = VecDeque::new();
        outbox.bytes = 0;
        drop(outbox);
        self.moved.notify_waiters();
        operations
    }

    /// Hands over what was told, unless too much waits already.
    pub(super) fn tell(&self, operation: &Arc<Operation>, told: &Arc<Announcement>) -> Result<(), Full> {
        let size = told.payload().get().len();
        let most = if told.is_passing() { MOST_BEFORE_PASSING } else { MOST_BYTES };
        let mut outbox = lock(&self.outbox);
        let fits = outbox.waiting.is_empty() || (outbox.waiting.len() < MOST && outbox.bytes + size <= most);
        if !fits {
            return Err(Full);
        }
        outbox.bytes += size;
        outbox.waiting.push_back(Out::Told(Arc::clone(operation), Arc::clone(told)));
        let first = outbox.waiting.len() == 1;
        drop(outbox);
        if first {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Hands over what cannot be left out, however much waits.
    pub(super) fn push(&self, out: Out) {
        let mut outbox = lock(&self.outbox);
        outbox.bytes += out.size();
        outbox.waiting.push_back(out);
        drop(outbox);
        self.arrived.notify_one();
    }

    /// Waits until there is room for what was asked for. `false` when that takes too long, or the operation is over.
    pub(super) async fn has_room(&self, operation: &Operation) -> bool {
        let waiting = async {
            loop {
                let moved = self.moved.notified();
                if operation.is_done() {
                    return false;
                }
                {
                    let outbox = lock(&self.outbox);
                    if outbox.waiting.is_empty() || (outbox.waiting.len() < MOST && outbox.bytes < MOST_BYTES) {
                        return true;
                    }
                }
                moved.await;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or(false)
    }

    /// The next thing to send.
    pub(super) fn pop(&self) -> Option<Out> {
        let mut outbox = lock(&self.outbox);
        let out = outbox.waiting.pop_front();
        if let Some(out) = &out {
            outbox.bytes = outbox.bytes.saturating_sub(out.size());
        }
        if outbox.waiting.is_empty() && outbox.waiting.capacity() > KEPT_PLACES {
            outbox.waiting = VecDeque::new(); // an idle connection holds no buffer
        }
        let roomy = outbox.waiting.len() < MOST / 2;
        drop(outbox);
        if roomy {
            self.moved.notify_waiters();
        }
        out
    }

    /// Has the connection closed; the first reason counts.
    pub(super) fn close(&self, close: Close) {
        lock(&self.outbox).close.get_or_insert(close);
        self.arrived.notify_one();
    }

    /// Why it is to be closed, if it is.
    pub(super) fn closing(&self) -> Option<Close> {
        lock(&self.outbox).close.clone()
    }

    /// Waits until something is to be sent or the connection to be closed.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Cuts the stream below.
    pub(super) fn sever(&self) {
        self.line.cancel();
    }

    /// Waits until the stream below is gone.
    pub(super) async fn severed(&self) {
        self.line.cancelled().await;
    }
}
