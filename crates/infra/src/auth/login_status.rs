//! Which logins are in force, remembered for a few seconds so that not every request asks the database.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use moka::future::Cache;
use rondo_domain::{
    account::ports::LoginStatus,
    bus::{Bus, Signal},
    ids::{LoginId, UserId},
    store::{Store, StoreError},
};

/// How long an answer is believed. With the time that a read takes, the cut of a login is known everywhere within 5 s.
const BELIEVED: Duration = Duration::from_secs(4);
/// How long a cut that was heard of here is remembered: longer than any read that began before it may still take.
const REMEMBERED: Duration = Duration::from_mins(1);
/// How many logins are remembered at most.
const CAPACITY: u64 = 100_000;

/// Asks the store, one question per login at a time, and remembers the answer for 4 s.
pub struct CachedLoginStatus {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    known: Cache<LoginId, Answer>,
    cut: Cache<LoginId, ()>,
}

#[derive(Clone, Copy)]
struct Answer {
    live: bool,
    asked: Instant,
}

impl CachedLoginStatus {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, bus: Arc<dyn Bus>) -> Self {
        Self {
            store,
            bus,
            known: Cache::builder().max_capacity(CAPACITY).time_to_live(BELIEVED).build(),
            cut: Cache::builder().max_capacity(CAPACITY).time_to_live(REMEMBERED).build(),
        }
    }

    /// Takes note that a login was cut, here or elsewhere: what a node does that hears [`Signal::LoginEnded`].
    pub async fn ended(&self, login: LoginId) {
        self.cut.insert(login, ()).await;
        self.known.invalidate(&login).await;
    }

    async fn ask(&self, login: LoginId) -> Result<Answer, StoreError> {
        let asked = Instant::now();
        Ok(Answer { live: self.store.login_is_live(login).await?, asked })
    }
}

#[async_trait]
impl LoginStatus for CachedLoginStatus {
    async fn is_live(&self, login: LoginId) -> Result<bool, StoreError> {
        if let Some(live) = self.is_known_live(login) {
            return Ok(live);
        }
        let answer = self.known.try_get_with(login, self.ask(login)).await.map_err(|error| shared(&error))?;
        // A read that hung may come out late: what counts is when it was asked.
        let answer = if answer.asked.elapsed() > BELIEVED { self.ask(login).await? } else { answer };
        Ok(answer.live && !self.cut.contains_key(&login))
    }

    fn is_known_live(&self, login: LoginId) -> Option<bool> {
        let answer = self.known.get(&login).now_or_never().flatten()?;
        (answer.asked.elapsed() <= BELIEVED).then(|| answer.live && !self.cut.contains_key(&login))
    }

    async fn revoked(&self, user: UserId, login: LoginId) {
        self.ended(login).await;
        self.bus.publish(Signal::LoginEnded { user, login });
    }
}

/// The same error for each of those who waited for one read.
fn shared(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(what) => StoreError::Unavailable(what.clone()),
        StoreError::Conflict(conflict) => StoreError::Conflict(*conflict),
        StoreError::Corrupt(what) => StoreError::Corrupt(what.clone()),
    }
}
