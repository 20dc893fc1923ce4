//! The order in which the operations of a connection begin, and in which its mutations are done.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::{CancellationToken, DropGuard};

/// What the operations of a connection stand in: one that comes after a subscription begins once that hears, so a client
/// hears what it does afterwards; and a mutation is run once those before it are done, so they have effect in the order in
/// which they came. Queries wait for neither.
pub(super) struct Order {
    begun: Queue,
    mutations: Arc<Mutex<Queue>>,
}

/// One operation's place in it.
pub(super) struct Turn {
    beginning: Place,
    mutations: Arc<Mutex<Queue>>,
}

/// The last one of a queue, as the next one waits for it.
struct Queue(CancellationToken);

/// A place in a queue; when it is dropped, the next one's turn has come.
pub(super) struct Place {
    before: CancellationToken,
    _own: DropGuard,
}

impl Queue {
    fn empty() -> Self {
        let nobody = CancellationToken::new();
        nobody.cancel();
        Self(nobody)
    }

    fn join(&mut self) -> Place {
        let own = CancellationToken::new();
        let before = std::mem::replace(&mut self.0, own.clone());
        Place { before, _own: own.drop_guard() }
    }
}

impl Place {
    /// Waits for those before.
    pub(super) async fn comes(&self) {
        self.before.cancelled().await;
    }
}

impl Order {
    pub(super) fn new() -> Self {
        Self { begun: Queue::empty(), mutations: Arc::new(Mutex::new(Queue::empty())) }
    }

    /// The turn of the operation that came just now.
    pub(super) fn next(&mut self) -> Turn {
        Turn { beginning: self.begun.join(), mutations: Arc::clone(&self.mutations) }
    }
}

impl Turn {
    /// Waits until it may begin.
    pub(super) async fn comes(&self) {
        self.beginning.comes().await;
    }

    /// A mutation, when its turn has come, lets others begin and waits for those mutations that began before it.
    pub(super) async fn among_mutations(self) -> Place {
        let place = self.mutations.lock().unwrap_or_else(PoisonError::into_inner).join();
        drop(self);
        place.comes().await;
        place
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn operations_begin_in_order_and_mutations_are_done_in_it() {
        let mut order = Order::new();
        let [first, query, second] = [order.next(), order.next(), order.next()];
        assert!(first.comes().now_or_never().is_some());
        assert!(query.comes().now_or_never().is_none());
        let first = first.among_mutations().await;
        assert!(query.comes().now_or_never().is_some(), "a query does not wait until a mutation is done");
        assert!(second.comes().now_or_never().is_none());
        drop(query);
        assert!(second.comes().now_or_never().is_some());
        let mut second = Box::pin(second.among_mutations());
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        second.await;
    }

    #[tokio::test]
    async fn whoever_gives_up_keeps_nobody_waiting() {
        let mut order = Order::new();
        let [first, second, third] = [order.next(), order.next(), order.next()];
        let first = first.among_mutations().await;
        second.comes().await;
        assert!(second.among_mutations().now_or_never().is_none());
        drop(first);
        third.comes().await;
        third.among_mutations().await;
    }
}
