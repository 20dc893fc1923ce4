//! One connection as the hub and its operations know it: who speaks, what is under way, and what waits to be sent.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Waker,
    time::Duration,
};

use futures_util::task::AtomicWaker;
use rondo_domain::account::Actor;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    bell::Bell,
    operation::Operation,
    outbox::{Out, Outbox},
    protocol::Close,
};
use crate::hub::{Announcement, Full, SeatId};

/// How many operations one connection may have under way, subscriptions and all.
pub(crate) const MAX_OPERATIONS: usize = 100;
/// How long whoever asked for much may take to read it.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(super) struct Link {
    /// Its name in the hub.
    pub(super) seat: SeatId,
    actor: OnceLock<Actor>,
    outbox: Mutex<Outbox>,
    /// Whatever writes the stream, and where it is woken.
    writer: AtomicWaker,
    bell: Arc<Bell>,
    /// Wakes the connection's task.
    arrived: Notify,
    /// Wakes those who wait for room.
    moved: Notify,
    operations: Mutex<HashMap<Box<str>, Arc<Operation>>>,
    /// Those that hear what is for the person.
    personal: Mutex<Vec<Arc<Operation>>>,
    /// How many are being begun or answered.
    running: AtomicUsize,
    /// Whether nothing more is to be sent.
    goodbye: AtomicBool,
    /// Cuts the stream below.
    line: CancellationToken,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What became of an operation that was to be begun.
pub(super) enum Begun {
    Taken(Arc<Operation>),
    Duplicate,
    TooMany,
}

impl Link {
    pub(super) fn new(seat: SeatId, line: CancellationToken, bell: Arc<Bell>) -> Self {
        Self {
            seat,
            actor: OnceLock::new(),
            outbox: Mutex::default(),
            writer: AtomicWaker::new(),
            bell,
            arrived: Notify::new(),
            moved: Notify::new(),
            operations: Mutex::default(),
            personal: Mutex::default(),
            running: AtomicUsize::new(0),
            goodbye: AtomicBool::new(false),
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
        Begun::Taken(operation)
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
        for operation in &operations {
            operation.finish();
        }
        lock(&self.personal).clear();
        lock(&self.outbox).clear();
        self.moved.notify_waiters();
        operations
    }

    /// Hands over what was told, unless too much waits already.
    pub(super) fn tell(&self, operation: &Arc<Operation>, told: &Arc<Announcement>) -> Result<(), Full> {
        lock(&self.outbox).tell(operation, told)?;
        self.wake_writer();
        Ok(())
    }

    /// Hands over what cannot be left out, however much waits.
    pub(super) fn push(&self, out: Out) {
        lock(&self.outbox).push(out);
        self.wake_writer();
    }

    /// Waits until there is room for what was asked for. `false` when that takes too long, or the operation is over.
    pub(super) async fn has_room(&self, operation: &Operation) -> bool {
        let waiting = async {
            loop {
                let moved = self.moved.notified();
                if operation.is_done() {
                    return false;
                }
                if lock(&self.outbox).has_room() {
                    return true;
                }
                moved.await;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or(false)
    }

    /// Takes what waits, about so many bytes of it, and gives how many they are: whatever was taken before is on its way.
    pub(super) fn take(&self, taken: &mut VecDeque<Out>, bytes: usize) -> Option<usize> {
        let mut outbox = lock(&self.outbox);
        if outbox.is_drained() {
            return None;
        }
        let (sum, is_roomy) = (outbox.take(taken, bytes), outbox.is_roomy());
        drop(outbox);
        if is_roomy {
            self.moved.notify_waiters();
        }
        sum
    }

    /// Has the connection closed; the first reason counts.
    pub(super) fn close(&self, close: Close) {
        lock(&self.outbox).close.get_or_insert(close);
        self.arrived.notify_one();
    }

    /// Nothing follows the goodbye that is about to be said.
    pub(super) fn say_goodbye(&self) {
        self.goodbye.store(true, Ordering::Release);
    }

    pub(super) fn said_goodbye(&self) -> bool {
        self.goodbye.load(Ordering::Acquire)
    }

    fn wake_writer(&self) {
        if let Some(writer) = self.writer.take() {
            self.bell.wake(writer);
        }
    }

    /// Has `writer` woken when something is to be sent.
    pub(super) fn wakes(&self, writer: &Waker) {
        self.writer.register(writer);
    }

    /// Waits until all that is to be sent is on its way.
    pub(super) async fn drained(&self) {
        loop {
            let moved = self.moved.notified();
            if lock(&self.outbox).is_drained() {
                return;
            }
            moved.await;
        }
    }

    /// Why it is to be closed, if it is.
    pub(super) fn closing(&self) -> Option<Close> {
        lock(&self.outbox).close.clone()
    }

    /// Waits until the connection is to be closed, or an operation rests.
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use serde_json::value::RawValue;

    use super::{
        super::outbox::{MOST, MOST_BYTES},
        *,
    };

    fn link() -> Link {
        Link::new(1, CancellationToken::new(), Arc::default())
    }

    fn take(link: &Link, bytes: usize) -> Vec<Out> {
        let mut taken = VecDeque::new();
        assert_eq!(link.take(&mut taken, bytes).is_some(), !taken.is_empty());
        taken.into()
    }

    fn begun(link: &Link, id: &str) -> Arc<Operation> {
        match link.begin(id, 7) {
            Begun::Taken(operation) => operation,
            Begun::Duplicate => panic!("{id} is taken"),
            Begun::TooMany => panic!("too many"),
        }
    }

    fn of_size(bytes: usize, announce: fn(&'static str, Box<RawValue>) -> Announcement) -> Arc<Announcement> {
        let payload = RawValue::from_string(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap();
        Arc::new(announce("message:create", payload))
    }

    #[test]
    fn a_name_is_free_again_once_its_operation_is_over() {
        let link = link();
        let first = begun(&link, "a");
        assert!(matches!(link.begin("a", 8), Begun::Duplicate));
        assert!(link.complete("a").is_some() && link.complete("a").is_none());
        assert!(first.is_done());
        link.rests();
        let second = begun(&link, "a");
        link.finished(&first); // the end of the first is not that of the second
        assert!(!second.is_done() && matches!(link.begin("a", 9), Begun::Duplicate));
    }

    #[test]
    fn operations_are_counted_until_they_rest() {
        let link = link();
        for n in 0..MAX_OPERATIONS {
            begun(&link, &n.to_string());
        }
        assert!(matches!(link.begin("more", 1), Begun::TooMany));
        link.complete("0");
        assert!(matches!(link.begin("more", 1), Begun::TooMany), "what was completed is still at work");
        link.rests();
        begun(&link, "more");
    }

    #[test]
    fn what_waits_is_bounded_and_what_is_passing_goes_first() {
        let link = link();
        let operation = begun(&link, "a");
        let (large, passing) = (of_size(200 * 1024, Announcement::lasting), of_size(60 * 1024, Announcement::passing));
        assert_eq!(link.tell(&operation, &large), Ok(()));
        assert_eq!(link.tell(&operation, &passing), Err(Full));
        for _ in 0..4 {
            assert_eq!(link.tell(&operation, &large), Ok(()));
        }
        assert_eq!(link.tell(&operation, &large), Err(Full));
        assert!(matches!(&*take(&link, 1), [Out::Told(..)]));
        assert_eq!(link.tell(&operation, &large), Ok(()));
        assert_eq!(take(&link, usize::MAX).len(), 5);
        assert_eq!(link.tell(&operation, &passing), Ok(()), "an idle connection takes anything");
        let small = of_size(10, Announcement::lasting);
        assert_eq!((0..2_000).take_while(|_| link.tell(&operation, &small).is_ok()).count(), MOST - 1);
    }

    #[tokio::test]
    async fn whoever_waits_for_room_goes_on_when_there_is_some_or_when_it_is_over() {
        let link = Arc::new(link());
        let operation = begun(&link, "a");
        let waiting = |operation: &Arc<Operation>| {
            let (link, operation) = (Arc::clone(&link), Arc::clone(operation));
            tokio::spawn(async move { link.has_room(&operation).await })
        };
        link.push(Out::Next(Arc::clone(&operation), vec![0; 2 * MOST_BYTES].into()));
        let patient = waiting(&operation);
        tokio::task::yield_now().await;
        assert!(!patient.is_finished());
        take(&link, 1);
        assert!(patient.await.unwrap());
        link.push(Out::Next(Arc::clone(&operation), vec![0; 2 * MOST_BYTES].into()));
        let patient = waiting(&operation);
        tokio::task::yield_now().await;
        link.end();
        assert!(!patient.await.unwrap());
        assert!(take(&link, 1).is_empty());
    }

    #[tokio::test]
    async fn what_was_taken_is_on_its_way_only_when_more_is_asked_for() {
        let link = link();
        let operation = begun(&link, "a");
        link.drained().await;
        for _ in 0..3 {
            link.push(Out::Next(Arc::clone(&operation), vec![0; 100].into()));
        }
        assert_eq!(take(&link, 101).len(), 2);
        assert_eq!(take(&link, 101).len(), 1);
        assert!(link.drained().now_or_never().is_none());
        assert_eq!(take(&link, 101).len(), 0);
        assert!(link.drained().now_or_never().is_some());
    }

    #[test]
    fn the_first_reason_to_close_counts() {
        let link = link();
        assert_eq!(link.closing(), None);
        link.close(Close::LAGGED);
        link.close(Close::RESTART);
        assert_eq!(link.closing(), Some(Close::LAGGED));
    }
}
