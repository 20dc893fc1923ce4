//! Answers that are kept for a moment, each for its viewer alone: in this process, and with the other nodes where there
//! are some.
//!
//! One's own writes are seen at once, others' within [`OLDEST`]. Whoever looks here has been signed in by the same rules as
//! always; the answers themselves are made in the services, which ask the policy.

mod asked;
mod epochs;
mod figures;
mod flights;
mod kept;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, http::header::CONTENT_TYPE};
use bytes::Bytes;
use futures_util::FutureExt as _;
use moka::sync::Cache;
use rondo_domain::{
    bus::Signal,
    cache::{Found, SharedAnswers},
    ids::UserId,
};
use rondo_wire::Fault;
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};

pub(crate) use self::asked::Asked;
pub use self::figures::AnswerFigures;
use self::{
    epochs::{Epoch, Epochs},
    figures::Counters,
    flights::{Flight, Flights},
    kept::Kept,
};
use crate::problem::Failure;

/// How long an answer is given out as it is.
const FRESH: Duration = Duration::from_secs(1);
/// How old an answer may be while a new one is made.
const OLDEST: Duration = Duration::from_secs(2);
/// How many bytes of answers are kept in the process.
const CAPACITY: u64 = 32 * 1_024 * 1_024;

/// The answers that are kept. Clones keep the same ones.
#[derive(Clone)]
pub struct Answers(Arc<Inner>);

struct Inner {
    kept: Cache<Asked, Arc<Kept>>,
    flights: Flights,
    epochs: Epochs,
    shared: Option<Arc<dyn SharedAnswers>>,
    counters: Counters,
    /// Where newer answers are made while older ones are given out: it outlives the workers.
    runtime: Handle,
}

impl Answers {
    /// Keeps nothing yet. `shared` is where other nodes look, too. Called within the runtime that the database's
    /// connections belong to.
    #[must_use]
    pub fn new(shared: Option<Arc<dyn SharedAnswers>>) -> Self {
        Self::with_capacity(shared, CAPACITY)
    }

    fn with_capacity(shared: Option<Arc<dyn SharedAnswers>>, bytes: u64) -> Self {
        let kept = Cache::builder()
            .max_capacity(bytes)
            .weigher(|_: &Asked, kept: &Arc<Kept>| kept.weight())
            .time_to_live(OLDEST)
            .build();
        Self(Arc::new(Inner {
            kept,
            flights: Flights::default(),
            epochs: Epochs::new(),
            shared,
            counters: Counters::default(),
            runtime: Handle::current(),
        }))
    }

    /// Forgets what is kept for these people, at once, and what is being made for them: what a node does that hears
    /// [`Signal::Stale`].
    pub fn stale(&self, users: &[UserId]) {
        self.0.epochs.begin(users);
        if let Some(shared) = &self.0.shared {
            shared.forget(users);
        }
    }

    /// Takes what concerns the answers out of a signal.
    pub fn hear(&self, signal: &Signal) {
        if let Signal::Stale(users) = signal {
            self.stale(users);
        }
    }

    /// How often something was found.
    #[must_use]
    pub fn figures(&self) -> AnswerFigures {
        self.0.counters.read()
    }

    /// Each kind of answer, what became of requests for it, and how often.
    pub(crate) fn by_kind(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.0.counters.by_kind()
    }

    /// What was asked for: as it is kept, or else the JSON that `make` makes, once for all who wait for it.
    pub(crate) async fn serve<E, F>(
        &self,
        asked: Asked,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> Result<HttpResponse, Failure>
    where
        E: Into<Fault> + 'static,
        F: Future<Output = Result<String, E>> + Send + 'static,
    {
        let make = || make().map(|made| made.map(Bytes::from).map_err(Into::into));
        Ok(response(&*self.find(asked, make).await?))
    }

    /// What was asked for, as bytes: as they are kept, or else those that `make` makes, once for all who wait for them;
    /// and when the making of them began.
    pub(crate) async fn bytes<F>(
        &self,
        asked: Asked,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> Result<(Bytes, Instant), Fault>
    where
        F: Future<Output = Result<Bytes, Fault>> + Send + 'static,
    {
        let kept = self.find(asked, make).await?;
        Ok((kept.body.clone(), kept.born))
    }

    async fn find<F>(&self, asked: Asked, make: impl FnOnce() -> F + Send + 'static) -> Result<Arc<Kept>, Fault>
    where
        F: Future<Output = Result<Bytes, Fault>> + Send + 'static,
    {
        let epoch = self.0.epochs.of(asked.viewer);
        let counters = self.0.counters.of(&asked);
        if let Some(kept) = self.0.kept.get(&asked).filter(|kept| kept.epoch == epoch) {
            let age = kept.born.elapsed();
            if age < FRESH {
                counters.hits.one();
                return Ok(kept);
            }
            if age < OLDEST {
                counters.stale.one();
                if kept.is_first_to_renew() {
                    let flight = self.board(asked, epoch, make);
                    self.0.runtime.spawn(async move { timeout(OLDEST, flight).await });
                }
                return Ok(kept);
            }
        }
        counters.misses.one();
        self.board(asked, epoch, make).await
    }

    /// The making of an answer that is under way, or a new one.
    fn board<F>(&self, asked: Asked, epoch: Epoch, make: impl FnOnce() -> F + Send + 'static) -> Flight
    where
        F: Future<Output = Result<Bytes, Fault>> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        self.0.flights.board(asked, epoch, || async move {
            let kept = Arc::new(inner.make(asked, epoch, make).await?);
            if inner.epochs.of(asked.viewer) == epoch {
                inner.kept.insert(asked, Arc::clone(&kept));
            }
            Ok(kept)
        })
    }
}

impl Inner {
    /// Takes the answer from other nodes, or makes it. Its age counts from before anything was read, and it is of the
    /// epoch in which that began: a write meanwhile makes it one that nobody is given.
    async fn make<F>(&self, asked: Asked, epoch: Epoch, make: impl FnOnce() -> F) -> Result<Kept, Fault>
    where
        F: Future<Output = Result<Bytes, Fault>>,
    {
        let born = Instant::now();
        let found = match (&self.shared, asked.name()) {
            // What was written a moment ago may not be forgotten by all yet.
            (Some(shared), Some(name)) if !self.epochs.is_young(asked.viewer, OLDEST) => {
                shared.find(asked.viewer, &name, FRESH).await
            }
            _ => Found::Away,
        };
        if let Found::Here { body, age } = found {
            self.counters.shared.one();
            let born = born.checked_sub(age).unwrap_or(born);
            return Ok(Kept::new(body.into(), epoch, born));
        }
        let body = make().await?;
        if let (Found::Missing(lease), Some(shared)) = (found, &self.shared)
            && born.elapsed() < FRESH
            && self.epochs.of(asked.viewer) == epoch
        {
            shared.keep(lease, &body);
        }
        Ok(Kept::new(body, epoch, born))
    }
}

fn response(kept: &Kept) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, kept::JSON)).insert_header(kept.tag.header());
    response.body(kept.body.clone())
}
