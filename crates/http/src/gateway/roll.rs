//! Who is present, as the acknowledgement of a join shows it: read and encoded once for all who join a session while
//! another reading is under way. A reading begins after whoever gets it came, so they find themselves in it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::{BoxFuture, FutureExt as _, Shared};
use rondo_domain::{SessionId, page::Limit, presence::Presences};
use rondo_wire::{Fault, presence_list};
use serde_json::value::RawValue;

/// Who is present, encoded.
#[derive(Debug)]
pub(super) struct Roll {
    /// At most as many people as an acknowledgement shows, as a JSON array.
    pub(super) people: Box<RawValue>,
    /// How many there are.
    pub(super) count: usize,
}

type Outcome = Result<Arc<Roll>, Fault>;
type Reading = Shared<BoxFuture<'static, Outcome>>;

/// The readings of one session.
#[derive(Default)]
struct Turns {
    /// It began: too late for whoever comes now.
    under_way: Option<Reading>,
    /// It begins when that is done.
    next: Option<Reading>,
}

/// The readings of all sessions.
#[derive(Clone, Default)]
pub(super) struct Rolls(Arc<Mutex<HashMap<SessionId, Turns>>>);

impl Rolls {
    /// Who is present, as of after this was called. Says nothing of rights.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn call(&self, presences: &Arc<Presences>, session: SessionId) -> Outcome {
        let presences = Arc::clone(presences);
        self.share(session, async move { read(&presences, session).await }).await
    }

    /// The outcome of this reading, or of another that has not begun yet.
    async fn share(&self, session: SessionId, read: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
        let reading = {
            let mut all = self.lock();
            let turns = all.entry(session).or_default();
            match &turns.next {
                Some(next) => next.clone(),
                None => turns
                    .next
                    .insert(self.clone().turn(session, turns.under_way.clone(), read).boxed().shared())
                    .clone(),
            }
        };
        reading.await
    }

    async fn turn(self, session: SessionId, before: Option<Reading>, read: impl Future<Output = Outcome>) -> Outcome {
        if let Some(before) = before {
            drop(before.await); // it may be that nobody else waits for it any more
        }
        self.with(session, |turns| turns.under_way = turns.next.take());
        let outcome = read.await;
        self.with(session, |turns| turns.under_way = None);
        outcome
    }

    fn with(&self, session: SessionId, change: impl FnOnce(&mut Turns)) {
        let mut all = self.lock();
        if let Some(turns) = all.get_mut(&session) {
            change(turns);
            if turns.under_way.is_none() && turns.next.is_none() {
                all.remove(&session);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Turns>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(presences: &Presences, session: SessionId) -> Outcome {
    let present = presences.people(session, None, Limit::PRESENCE).await?;
    Ok(Arc::new(Roll { people: presence_list(&present.people), count: present.count }))
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use tokio::{sync::Semaphore, task::yield_now, time::timeout};

    use super::*;

    /// Readings that end when they are let, and count themselves.
    struct Book {
        rolls: Rolls,
        begun: Arc<AtomicUsize>,
        may_end: Arc<Semaphore>,
    }

    impl Book {
        fn new() -> Self {
            Self { rolls: Rolls::default(), begun: Arc::default(), may_end: Arc::new(Semaphore::new(0)) }
        }

        fn call(&self, session: SessionId) -> impl Future<Output = usize> + Send + 'static {
            let (rolls, begun, may_end) = (self.rolls.clone(), Arc::clone(&self.begun), Arc::clone(&self.may_end));
            async move {
                let reading = async move {
                    let count = begun.fetch_add(1, Ordering::SeqCst) + 1;
                    may_end.acquire().await.unwrap().forget();
                    Ok(Arc::new(Roll { people: RawValue::NULL.to_owned(), count }))
                };
                rolls.share(session, reading).await.unwrap().count
            }
        }
    }

    #[tokio::test]
    async fn whoever_comes_during_a_reading_shares_the_next_one() {
        let (book, session) = (Book::new(), SessionId::generate());
        let first = tokio::spawn(book.call(session));
        yield_now().await; // it has begun
        let later: Vec<_> = (0..5).map(|_| tokio::spawn(book.call(session))).collect();
        yield_now().await;
        assert_eq!(book.begun.load(Ordering::SeqCst), 1);
        book.may_end.add_permits(2);
        assert_eq!(first.await.unwrap(), 1);
        for reading in later {
            assert_eq!(reading.await.unwrap(), 2);
        }
        assert!(book.rolls.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reading_that_nobody_waits_for_any_more_holds_nobody_up() {
        let (book, session) = (Book::new(), SessionId::generate());
        assert!(timeout(Duration::from_millis(1), book.call(session)).await.is_err());
        assert!(timeout(Duration::from_millis(1), book.call(session)).await.is_err());
        book.may_end.add_permits(9);
        let reading = timeout(Duration::from_secs(1), book.call(session)).await;
        assert!(reading.is_ok_and(|count| count > 1), "what began before is not enough");
        assert!(book.rolls.lock().is_empty());
    }
}
