//! A batch: one transaction, retried when another one was in the way, and run one by one when it fails for good.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rondo_domain::{
    MessageId,
    bus::Signal,
    event::{PersonalEvent, RecordedEvent, SessionEvent},
    measure::WriterFigures,
    message::{MessageError, NewMessage},
    notification::Notification,
    session::SessionError,
    store::{Posted, StoreError},
};
use sea_orm::DbErr;
use tokio::time::{Instant, sleep};
use tracing::Span;

use super::{
    lookup, mentions,
    plan::{self, Created, Plan},
    recall::{self, Recall},
    store,
};
use crate::db::{
    SqlStore,
    error::{self, Kind},
    guarded::Guarded,
    keys,
    link::Source,
    notifications,
    postgres::Calls,
    store::Parts,
    traces,
};

/// How often a transaction is tried.
const TRIES: u32 = 5;
/// How long it waits before the second try; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(5);

/// What became of each post.
pub(super) type Outcomes = Vec<Result<Posted, MessageError>>;

/// The commits that are traced, by their posts.
type Commits = HashMap<MessageId, Span>;

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
    figures: Arc<WriterFigures>,
    recall: Recall,
}

impl Batches {
    pub(super) fn new(store: &SqlStore, figures: Arc<WriterFigures>) -> Self {
        Self { db: store.lane().clone(), parts: store.parts().clone(), figures, recall: Recall::default() }
    }

    /// Writes the posts; gives one outcome for each, in their order. Their events went to the bus before that.
    ///
    /// Each post of which a trace is recorded has a commit in it: a batch serves many traces, and each shall be whole.
    pub(super) async fn write(&self, posts: Vec<NewMessage>, traced: Vec<(MessageId, Span)>) -> Outcomes {
        let begun = Instant::now();
        let commit = |(id, span): (MessageId, Span)| (id, span.in_scope(|| traces::commit(&self.db, posts.len())));
        let commits = traced.into_iter().map(commit).collect();
        let outcomes = self.write_somehow(&posts, &commits).await;
        self.figures.batch.was(posts.len());
        self.figures.commit.took(begun.elapsed());
        tracing::debug!(
            posts = posts.len(),
            refused = outcomes.iter().filter(|outcome| outcome.is_err()).count(),
            duration_us = begun.elapsed().as_micros(),
            "wrote a batch of messages"
        );
        outcomes
    }

    async fn write_somehow(&self, posts: &[NewMessage], commits: &Commits) -> Outcomes {
        if posts.is_empty() {
            return Vec::new();
        }
        match self.write_together(posts, commits).await {
            Ok(outcomes) => outcomes,
            // Nothing was written, or nobody knows: not the fault of a single post.
            Err(StoreError::Unavailable(what)) => {
                tracing::warn!(posts = posts.len(), error = what, "a batch of messages was not written");
                posts.iter().map(|_| Err(StoreError::Unavailable(what.clone()).into())).collect()
            }
            Err(error) if posts.len() == 1 => vec![Err(error.into())],
            Err(error) => {
                tracing::warn!(posts = posts.len(), %error, "a batch of messages failed; trying one by one");
                self.write_one_by_one(posts, commits).await
            }
        }
    }

    async fn write_one_by_one(&self, posts: &[NewMessage], commits: &Commits) -> Outcomes {
        let mut outcomes = Vec::with_capacity(posts.len());
        for post in posts {
            match self.write_together(std::slice::from_ref(post), commits).await {
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
    async fn write_together(&self, posts: &[NewMessage], commits: &Commits) -> Result<Outcomes, StoreError> {
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            match self.attempt(posts, commits).await {
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

    async fn attempt(&self, posts: &[NewMessage], commits: &Commits) -> Result<Attempt, DbErr> {
        if let Some(outcomes) = self.attempt_at_once(posts, commits).await? {
            return Ok(Attempt::Done(outcomes));
        }
        let now = self.parts.clock.now();
        let (txn, sessions, facts) = lookup::begin(&self.db, posts, now).await?;
        let mut plan = plan::plan(posts, &sessions, &facts);
        if plan.created.is_empty() && plan.memos.is_empty() {
            let _ = txn.rollback().await; // nothing was written, so nothing can be lost
            return Ok(Attempt::Done(plan.outcomes));
        }
        let events: Vec<_> = plan.created.iter().map(|created| self.record(created, commits)).collect();
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
        self.mark_stale(&plan, &notices);
        committed?;
        if self.db.is_postgres() {
            self.recall.learn(&sessions, posts.iter().map(|post| post.post.session).zip(facts), &plan.counters);
        }
        self.publish(events);
        for notice in notices {
            self.parts.tell(notice.user_id, &PersonalEvent::NotificationCreated(notice));
        }
        Ok(Attempt::Done(plan.outcomes))
    }

    /// Writes without a question what was asked of it lately, in one go to the server and back. `None` when it must be asked:
    /// nothing was written then.
    async fn attempt_at_once(&self, posts: &[NewMessage], commits: &Commits) -> Result<Option<Outcomes>, DbErr> {
        if !self.db.is_postgres() {
            return Ok(None);
        }
        let Some(recalled) = self.recall.of(posts) else { return Ok(None) };
        let plan = plan::plan(posts, &recalled.sessions, &recalled.facts);
        let is_plain = |created: &Created| !mentions::are_in(&created.message);
        if !plan.outcomes.iter().all(Result::is_ok) || !plan.created.iter().all(is_plain) {
            return Ok(None);
        }
        let events: Vec<_> = plan.created.iter().map(|created| self.record(created, commits)).collect();
        let Some(calls) = store::at_once(&recalled, posts, &plan, &events, self.db.one_write()) else {
            return Ok(None);
        };
        let answers = self.db.at_once(Calls { prepare: lookup::PREPARE, ask: &calls }).await;
        let written = answers.and_then(|answers| recall::is_unchanged(&answers));
        self.mark_stale(&plan, &[]);
        if !matches!(written, Ok(true)) {
            self.recall.forget(recalled.sessions.into_keys());
        }
        if !written? {
            tracing::debug!("a batch of messages is written with questions: something had changed");
            return Ok(None);
        }
        self.recall.advance(&plan.counters);
        self.figures.recalled.one();
        self.publish(events);
        Ok(Some(plan.outcomes))
    }

    /// Says that answers to the authors, and to those who are told, are out of date: also when nobody knows what was written.
    fn mark_stale(&self, plan: &Plan, notices: &[Notification]) {
        let authors = plan.created.iter().map(|created| created.message.author.id);
        self.parts.stale(authors.chain(notices.iter().map(|notice| notice.user_id)));
    }

    fn publish(&self, events: Vec<RecordedEvent>) {
        for event in events {
            self.parts.bus.publish(Signal::Event(Arc::new(event)));
        }
    }

    fn record(&self, created: &Created, commits: &Commits) -> RecordedEvent {
        let event = SessionEvent::MessageCreated(created.message.clone());
        RecordedEvent {
            session_id: event.session(),
            position: created.position,
            kind: event.kind(),
            subject: event.subject(),
            data: self.parts.encoder.encode(&event).into(),
            trace: commits.get(&created.message.id).and_then(rondo_trace::context_of),
        }
    }
}
