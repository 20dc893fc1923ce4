//! Does what a named request asks for once, and gives the first answer again to whoever asks again.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use super::{Fingerprint, Guard, IdempotencyKey, Remembered, Render, StoredAnswer};
use crate::{
    clock::Clock,
    ids::UserId,
    store::{Store, StoreError},
};

/// A request with a name.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who asks.
    pub user: UserId,
    /// The name.
    pub key: IdempotencyKey,
    /// What is asked.
    pub fingerprint: Fingerprint,
}

/// What became of a named request.
#[derive(Clone, Debug)]
pub enum Done<T> {
    /// It was done now.
    Now(T),
    /// It was done before; this was answered then.
    Before(StoredAnswer),
}

/// Why a named request was not done.
#[derive(Debug)]
pub enum OnceError<E> {
    /// The name was used for another request.
    Mismatch,
    /// A request of this name is still running.
    InProgress,
    /// It is not known whether it was done before.
    Store(StoreError),
    /// What was asked for is refused.
    Refused(E),
}

/// Where named requests are remembered.
pub struct Onces {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Onces {
    /// Puts the service together.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Has `work` done with a guard that remembers what `render` makes of its outcome, unless it was done before.
    ///
    /// # Errors
    /// What `work` refuses, and [`OnceError`]'s own.
    pub async fn run<T, E, W>(
        &self,
        asked: Asked,
        render: Render<T>,
        work: impl FnOnce(Guard<T>) -> W,
    ) -> Result<Done<T>, OnceError<E>>
    where
        W: Future<Output = Result<T, E>>,
    {
        if let Some(remembered) = self.recall(&asked).await.map_err(OnceError::Store)? {
            return again(&asked, remembered);
        }
        let _running = Running::begin(asked.user, &asked.key).ok_or(OnceError::InProgress)?;
        let Asked { user, key, fingerprint } = asked.clone();
        match work(Guard { user, key, fingerprint, render }).await {
            Ok(outcome) => Ok(Done::Now(outcome)),
            // The same request may have been done meanwhile, here or on another node: then this one ran into the key,
            // or into what the other one did. Or it was done by this one, and the database could not say so.
            Err(error) => match self.recall(&asked).await {
                Ok(Some(remembered)) => again(&asked, remembered),
                Ok(None) | Err(_) => Err(OnceError::Refused(error)),
            },
        }
    }

    async fn recall(&self, asked: &Asked) -> Result<Option<Remembered>, StoreError> {
        self.store.remembered(asked.user, &asked.key, self.clock.now()).await
    }
}

/// The first answer again, for the same request.
fn again<T, E>(asked: &Asked, remembered: Remembered) -> Result<Done<T>, OnceError<E>> {
    if remembered.fingerprint == asked.fingerprint {
        Ok(Done::Before(remembered.answer))
    } else {
        Err(OnceError::Mismatch)
    }
}

type Name = (UserId, IdempotencyKey);

/// The named requests that run. Of the whole process, whatever surface they came by; other nodes are kept apart by the
/// database alone.
static RUNNING: LazyLock<Mutex<HashSet<Name>>> = LazyLock::new(Mutex::default);

/// A named request that runs, until this is dropped: also when its client goes away.
struct Running(Name);

impl Running {
    /// Notes that it runs; `None` when one of this name does already.
    fn begin(user: UserId, key: &IdempotencyKey) -> Option<Self> {
        let name = (user, key.clone());
        Self::all().insert(name.clone()).then(|| Self(name)) // not `then_some`: that would drop another's
    }

    fn all() -> MutexGuard<'static, HashSet<Name>> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        Self::all().remove(&self.0);
    }
}
