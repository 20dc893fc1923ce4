//! Loads what many fields of one request ask for together: whoever asks first waits for the others that stand beside it,
//! and then asks once for all.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use rondo_domain::{
    SessionId,
    lists::Span,
    message::Message,
    page::{Limit, MemberKey, MessageKey, Page},
    presence::{JoinedPresence, RollKey},
    session::Membership,
};

use tokio::task::yield_now;

use crate::fault::Outcome;

/// A part of a session, and how much of it.
pub(crate) type Part<K> = (SessionId, K, Limit);

/// The loaders of one request.
#[derive(Default)]
pub(crate) struct Loaders {
    pub(crate) members: Loader<Part<Span<MemberKey>>, Page<Membership, MemberKey>>,
    pub(crate) messages: Loader<Part<MessageKey>, Page<Message, MessageKey>>,
    pub(crate) presences: Loader<Part<Option<RollKey>>, JoinedPresence>,
}

/// What was loaded, by its key.
pub(crate) type Loaded<K, V> = HashMap<K, Outcome<Arc<V>>>;

type Load<K, V> = Shared<BoxFuture<'static, Arc<Loaded<K, V>>>>;

/// Loads values by their keys, many at once.
pub(crate) struct Loader<K, V> {
    /// The batch that still takes keys.
    open: Mutex<Option<Joined<K, V>>>,
}

/// A batch in the hands of those who wait for it.
type Joined<K, V> = Arc<Mutex<Batch<K, V>>>;

enum Batch<K, V> {
    Open(Vec<K>),
    Loading(Load<K, V>),
}

impl<K, V> Default for Loader<K, V> {
    fn default() -> Self {
        Self { open: Mutex::new(None) }
    }
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static, V: Send + Sync + 'static> Loader<K, V> {
    /// The value of a key; `fetch` gets the keys of everybody who asked meanwhile. It is driven by whoever waits for it,
    /// so it goes on when some of them give up.
    pub(crate) async fn load<F>(&self, key: K, fetch: impl FnOnce(Vec<K>) -> F) -> Option<Outcome<Arc<V>>>
    where
        F: Future<Output = Loaded<K, V>> + Send + 'static,
    {
        let batch = self.join(key.clone());
        // The runtime comes back to this one after all that stands beside it was polled.
        yield_now().await;
        let load = {
            let mut open = held(&self.open);
            let mut loading = held(&batch);
            match &mut *loading {
                Batch::Loading(load) => load.clone(),
                Batch::Open(keys) => {
                    open.take_if(|open| Arc::ptr_eq(open, &batch));
                    let load = fetch(std::mem::take(keys)).map(Arc::new).boxed().shared();
                    *loading = Batch::Loading(load.clone());
                    load
                }
            }
        };
        load.await.get(&key).cloned()
    }

    fn join(&self, key: K) -> Joined<K, V> {
        let mut open = held(&self.open);
        let batch = open.get_or_insert_with(|| Arc::new(Mutex::new(Batch::Open(Vec::new()))));
        if let Batch::Open(keys) = &mut *held(batch)
            && !keys.contains(&key)
        {
            keys.push(key);
        }
        Arc::clone(batch)
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::{future::join_all, poll};

    use super::*;

    fn doubled(keys: Vec<u32>, runs: &Arc<AtomicUsize>) -> impl Future<Output = Loaded<u32, u32>> + use<> {
        let runs = Arc::clone(runs);
        async move {
            runs.fetch_add(1, Ordering::Relaxed);
            keys.into_iter().map(|key| (key, Ok(Arc::new(key * 2)))).collect()
        }
    }

    #[tokio::test]
    async fn those_who_ask_together_are_answered_together() {
        let (loader, runs) = (Loader::<u32, u32>::default(), Arc::new(AtomicUsize::new(0)));
        for round in 1..=2 {
            let asked = (0..200).map(|n| loader.load(n % 100, |keys| doubled(keys, &runs)));
            for (n, value) in (0..200).zip(join_all(asked).await) {
                assert_eq!(*value.unwrap().unwrap(), n % 100 * 2);
            }
            assert_eq!(runs.load(Ordering::Relaxed), round);
        }
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_others_their_answer() {
        let (loader, runs) = (Loader::<u32, u32>::default(), Arc::new(AtomicUsize::new(0)));
        let mut first = Box::pin(loader.load(1, |keys| doubled(keys, &runs)));
        let mut second = Box::pin(loader.load(2, |keys| doubled(keys, &runs)));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(*second.await.unwrap().unwrap(), 4);
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    }
}
