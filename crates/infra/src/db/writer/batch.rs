//! A batch: one transaction, retried when another one was in the way, and run one by one when it fails for good.

use std::{sync::Arc, time::Duration};

use rondo_domain::{
    bus::Signal,
    event::{PersonalEvent, RecordedEvent, SessionEvent},
    message::{MessageError, NewMessage},
    session::SessionError,
    store::{Posted, StoreError},
};
use sea_orm::DbErr;
use tokio::time::{Instant, sleep};

use super::{lookup, mentions, plan, store};
use crate::db::{
    SqlStore,
    error::{self, Kind},
    guarded::Guarded,
    keys,
    link::Source,
    notifications,
    store::Parts,
};

/// How often a transaction is tried.
const TRIES: u32 = 5;
/// How long it waits before the second try; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(5);

/// What became of each post.
pub(super) type Outcomes = Vec<Result<Posted, MessageError>>;

/// What became of a transaction.
enum Attempt {
    Done(Outcomes),
    /// Another request was remembered under a key that was free a moment before. Nothing was written.
    KeyTaken,
}

/// Writes batches.
pub(super) struct Batches {
    db: Guarded<Source>,
    parts: Parts,
}

impl Batches {
    pub(super) fn new(store: &SqlStore) -> Self {
        Self { db: store.lane().clone(), parts: store.parts().clone() }
    }

    /// Writes the posts; gives one outcome for each, in their order. Their events went to the bus before that.
    pub(super) async fn write(&self, posts: Vec<NewMessage>) -> Outcomes {
        let begun = Instant::now();
        let outcomes = self.write_somehow(&posts).await;
        tracing::debug!(
            posts = posts.len(),
            refused = outcomes.iter().filter(|outcome| outcome.is_err()).count(),
            duration_us = begun.elapsed().as_micros(),
            "wrote a batch of messages"
        );
        outcomes
    }

    async fn write_somehow(&self, posts: &[NewMessage]) -> Outcomes {
        if posts.is_empty() {
            return Vec::new();
        }
        match self.write_together(posts).await {
            Ok(outcomes) => outcomes,
            // Nothing was written, or nobody knows: not the fault of a single post.
            Err(StoreError::Unavailable(what)) => {
                tracing::warn!(posts = posts.len(), error = what, "a batch of messages was not written");
                posts.iter().map(|_| Err(StoreError::Unavailable(what.clone()).into())).collect()
            }
            Err(error) if posts.len() == 1 => vec![Err(error.into())],
            Err(error) => {
                tracing::warn!(posts = posts.len(), %error, "a batch of messages failed; trying one by one");
                self.write_one_by_one(posts).await
            }
        }
    }

    async fn write_one_by_one(&self, posts: &[NewMessage]) -> Outcomes {
        let mut outcomes = Vec::with_capacity(posts.len());
        for post in posts {
            match self.write_together(std::slice::from_ref(post)).await {
                Ok(one) => outcomes.extend(one),
                Err(error) => outcomes.push(Err(error.into())),
            }
            if let Some(Err(MessageError::Session(SessionError::Store(StoreError::Unavailable(what))))) =
                outcomes.last()
            {
                let what = what.clone(); // the rest need not wait for the same answer one after the other
                outcomes.resize_with(posts.len(), || Err(StoreError::Unavailable(what.clone()).into()));
                break;
            }
        }
        outcomes
    }

    /// One transaction, tried again for as long as another one is in its way.
    async fn write_together(&self, posts: &[NewMessage]) -> Result<Outcomes, StoreError> {
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            match self.attempt(posts).await {
                Ok(Attempt::Done(outcomes)) => return Ok(outcomes),
                Ok(Attempt::KeyTaken) => {
                    tracing::debug!("a batch of messages is tried again: a key was taken meanwhile");
                }
                Err(error) if error::kind(&error) == Kind::Retry => {
                    tracing::debug!(%error, "a batch of messages is tried again");
                    sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error::store(error)),
            }
        }
        Err(StoreError::Unavailable("other transactions were in the way of this one again and again".to_owned()))
    }

    async fn attempt(&self, posts: &[NewMessage]) -> Result<Attempt, DbErr> {
        let now = self.parts.clock.now();
        let (txn, sessions, facts) = lookup::begin(&self.db, posts, now).await?;
        let mut plan = plan::plan(posts, &sessions, facts);
        if plan.created.is_empty() && plan.memos.is_empty() {
            let _ = txn.rollback().await; // nothing was written, so nothing can be lost
            return Ok(Attempt::Done(plan.outcomes));
        }
        let events: Vec<_> = plan.created.iter().map(|created| self.record(created)).collect();
        let notices = mentions::notices(&txn, &plan.created).await?;
        let alone = notices.is_empty() && plan.memos.is_empty();
        let committed = if let Some(call) = store::call(&txn, &plan, &events).filter(|_| alone) {
            txn.commit_after(&call).await
        } else {
            store::write(&txn, &plan, &events).await?;
            notifications::write(&txn, &*self.parts.encoder, &notices).await?;
            if !keys::remember_all(&txn, &mut plan.memos, now).await? {
                let _ = txn.rollback().await;
                return Ok(Attempt::KeyTaken);
            }
            txn.commit().await
        };
        let authors = plan.created.iter().map(|created| created.message.author.id);
        self.parts.stale(authors.chain(notices.iter().map(|notice| notice.user_id)));
        committed?;
        for event in events {
            self.parts.bus.publish(Signal::Event(Arc::new(event)));
        }
        for notice in notices {
            self.parts.tell(notice.user_id, &PersonalEvent::NotificationCreated(notice));
        }
        Ok(Attempt::Done(plan.outcomes))
    }

    fn record(&self, created: &plan::Created) -> RecordedEvent {
        let event = SessionEvent::MessageCreated(created.message.clone());
        RecordedEvent {
            session_id: event.session(),
            position: created.position,
            kind: event.kind(),
            subject: event.subject(),
            data: self.parts.encoder.encode(&event).into(),
        }
    }
}
