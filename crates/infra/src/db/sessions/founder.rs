//! The way in for new sessions. Those that are founded while others are being written go into the next batch, so a busy
//! system commits many at once and an idle one writes at once, without a timer: what the message
//! [`writer`](crate::db::writer) does, but for rows that stand in nobody's way, and so without its locks.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rondo_domain::{ids::UserId, session::Session, store::StoreError};
use tokio::{sync::oneshot, time::timeout};

use super::founding::{self, Founding};
use crate::db::{guarded::Guarded, link::Source, traces};

/// How many sessions may wait; beyond, they are told that the database is unavailable.
const CAPACITY: usize = 4_096;
/// How many are committed together at most.
const MOST: usize = 256;
/// How long one waits for its answer. Whether it was written is unknown then.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Writes new sessions with their owners.
pub(in crate::db) struct Founder(Arc<Shared>);

struct Shared {
    db: Guarded<Source>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Whether somebody writes them.
    busy: bool,
}

struct Job {
    founding: Founding,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

/// Sessions that are written together, and where their answers go.
struct Batch {
    foundings: Vec<Founding>,
    answers: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

/// Whoever writes them.
struct Scribe {
    shared: Arc<Shared>,
    /// Whether nothing more was found to do, and that was said.
    rests: bool,
}

impl Founder {
    pub(in crate::db) fn new(db: Guarded<Source>) -> Self {
        Self(Arc::new(Shared { db, state: Mutex::default() }))
    }

    /// Writes a session and its owner's membership. What was begun is finished, even if the caller does not wait for it.
    pub(in crate::db) async fn found(&self, session: &Session, owner: UserId) -> Result<(), StoreError> {
        let _commit = traces::commit(&self.0.db, 1);
        let (answer, answered) = oneshot::channel();
        let job = Job { founding: Founding { session: session.clone(), owner }, answer };
        if let Some(scribe) = self.0.enter(job)? {
            tokio::spawn(scribe.work());
        }
        match timeout(ANSWER_WITHIN, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(unavailable("what wrote new sessions ended")),
            Err(_) => Err(unavailable("a new session was not written in time")),
        }
    }
}

impl Shared {
    /// Takes a job in; gives who must write it, if nobody is at it.
    fn enter(self: &Arc<Self>, job: Job) -> Result<Option<Scribe>, StoreError> {
        let mut state = self.state();
        if state.jobs.len() >= CAPACITY {
            return Err(unavailable("too many new sessions wait"));
        }
        state.jobs.push_back(job);
        if mem::replace(&mut state.busy, true) {
            return Ok(None);
        }
        Ok(Some(Scribe { shared: Arc::clone(self), rests: false }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scribe {
    /// Works until nobody waits.
    async fn work(mut self) {
        while let Some(Batch { foundings, answers }) = self.gather() {
            let outcomes = founding::found_all(&self.shared.db, &foundings).await;
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                let _ = answer.send(outcome); // whoever asked may have gone
            }
        }
    }

    /// What is written next: as much as goes out in one statement, and one session always.
    fn gather(&mut self) -> Option<Batch> {
        let mut batch = Batch { foundings: Vec::new(), answers: Vec::new() };
        let mut room = self.shared.db.one_write();
        let mut state = self.shared.state();
        while batch.foundings.len() < MOST
            && let Some(job) = state.jobs.pop_front()
        {
            if job.answer.is_closed() {
                continue; // nobody waits for it any more
            }
            let left = room.checked_sub(job.founding.weight());
            if left.is_none() && !batch.foundings.is_empty() {
                state.jobs.push_front(job);
                break;
            }
            room = left.unwrap_or(0);
            batch.foundings.push(job.founding);
            batch.answers.push(job.answer);
        }
        if batch.foundings.is_empty() {
            state.busy = false; // under the same lock under which nothing was found: who comes later begins anew
            self.rests = true;
            return None;
        }
        Some(batch)
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        if self.rests {
            return;
        }
        let abandoned = {
            let mut state = self.shared.state();
            state.busy = false;
            mem::take(&mut state.jobs)
        };
        drop(abandoned); // they are told, and not left to wait
    }
}

fn unavailable(what: &str) -> StoreError {
    StoreError::Unavailable(what.to_owned())
}
