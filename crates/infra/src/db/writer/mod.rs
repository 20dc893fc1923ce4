//! The way in for messages. Writes that arrive while a commit is in flight form the next batch, so a busy system commits
//! many at once and an idle one writes at once, without a timer.

mod batch;
mod lookup;
mod mentions;
mod plan;
mod queue;
mod recall;
mod store;

use std::{pin::pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use rondo_domain::{
    measure::WriterFigures,
    message::{MessageError, NewMessage},
    store::{MessageWriter, Posted, StoreError},
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, timeout_at},
};

use self::{
    batch::Batches,
    queue::{Answer, Batch, Job, Queue},
};
use super::SqlStore;

/// After how long, up to twice that, a batch is taken for held up, by whoever else has one of its sessions locked: then the posts of other
/// sessions overtake it. Many times what a batch takes by itself.
const PATIENCE: Duration = Duration::from_millis(50);

/// The writer's bounds.
#[derive(Clone, Copy, Debug)]
pub struct WriterSettings {
    /// How many posts may wait; beyond that they are told [`MessageError::Busy`].
    pub capacity: usize,
    /// How many posts are committed together at most.
    pub batch_posts: usize,
    /// How many bytes of content are committed together at most (one post always goes).
    pub batch_bytes: usize,
    /// How long a post waits for its answer. Whether it was written is unknown then; `clientMessageId` tells.
    pub answer_within: Duration,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self { capacity: 4_096, batch_posts: 256, batch_bytes: 1 << 20, answer_within: Duration::from_secs(10) }
    }
}

/// The handle by which posts reach the one task that writes.
pub struct Writer {
    queue: Arc<Queue>,
    ended: watch::Receiver<()>,
    figures: Arc<WriterFigures>,
}

impl Writer {
    /// Starts the task. It ends after [`Writer::close`], or when the last handle is dropped.
    #[must_use]
    pub fn start(store: &SqlStore, settings: WriterSettings) -> (Arc<Self>, JoinHandle<()>) {
        let figures = Arc::new(WriterFigures::default());
        let queue = Arc::new(Queue::new(settings, Arc::clone(&figures)));
        let (running, ended) = watch::channel(());
        let task = Task {
            queue: Arc::clone(&queue),
            batches: Batches::new(store, Arc::clone(&figures)),
            answer_within: settings.answer_within,
            may_overtake: store.lane().is_postgres(),
        };
        let handle = tokio::spawn(async move {
            task.run().await;
            drop(running); // also when the task panics: whoever waits in `close` hears of it
        });
        (Arc::new(Self { queue, ended, figures }), handle)
    }

    /// What it counts.
    #[must_use]
    pub fn figures(&self) -> Arc<WriterFigures> {
        Arc::clone(&self.figures)
    }

    /// Takes no more posts, and waits until those in the queue are written and answered.
    ///
    /// Takes as long as the database does; whoever is in a hurry puts a deadline around it.
    pub async fn close(&self) {
        self.queue.close();
        self.ended().await;
    }

    /// Waits until the task has ended, for whatever reason.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
    }
}

#[async_trait]
impl MessageWriter for Writer {
    async fn post(&self, post: NewMessage) -> Result<Posted, MessageError> {
        let span = tracing::debug_span!("message.post", rondo.session.id = %post.post.session);
        let (answer, answered) = oneshot::channel();
        self.queue.push(Job { post, answer, since: Instant::now(), span: span.clone() })?;
        // No timer of its own: the task looks after the deadlines of all.
        answered.await.unwrap_or_else(|_| Err(unknown("the message writer ended")))
    }
}

/// Answers those who have waited for too long.
fn give_up(answers: impl IntoIterator<Item = Answer>) {
    for answer in answers {
        let _ = answer.send(Err(unknown("the message writer did not answer in time")));
    }
}

fn unknown(what: &str) -> MessageError {
    StoreError::Unavailable(what.to_owned()).into()
}

/// The task that writes, one batch after another: while one is made durable, those whose posts were in the one before are
/// answered, and what they write next is the next one.
struct Task {
    queue: Arc<Queue>,
    batches: Batches,
    answer_within: Duration,
    /// Whether one batch may be written while another is held up.
    may_overtake: bool,
}

impl Task {
    async fn run(self) {
        // One timer for all batches: one of its own would wake the runtime's driver for each.
        let mut rounds = interval(PATIENCE.min(self.answer_within / 8).max(Duration::from_millis(1)));
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A batch that somebody holds up, with its sessions.
        let mut held_up = FuturesUnordered::new();
        loop {
            let Some(batch) = self.queue.gather() else {
                if held_up.is_empty() && self.queue.is_over() {
                    return;
                }
                tokio::select! {
                    Some(sessions) = held_up.next() => self.queue.release(&sessions),
                    () = self.queue.stirred() => {}
                    now = rounds.tick(), if !held_up.is_empty() => self.look_after(now),
                }
                continue;
            };
            let (begun, sessions) = (Instant::now(), batch.sessions());
            let mut writing = Box::pin(self.write(batch));
            loop {
                let now = tokio::select! {
                    biased;
                    () = &mut writing => break,
                    Some(sessions) = held_up.next() => {
                        self.queue.release(&sessions);
                        continue;
                    }
                    now = rounds.tick() => now,
                };
                self.look_after(now);
                if self.may_overtake && held_up.is_empty() && begun.elapsed() >= PATIENCE {
                    self.queue.set_aside(&sessions);
                    held_up.push(writing.map(|()| sessions));
                    break;
                }
            }
        }
    }

    /// Answers those who have waited for too long.
    fn look_after(&self, now: Instant) {
        give_up(self.queue.overdue(now, self.answer_within));
    }

    async fn write(&self, Batch { posts, answers, since, traced }: Batch) {
        let mut writing = pin!(self.batches.write(posts, traced));
        if let Ok(outcomes) = timeout_at(since + self.answer_within, &mut writing).await {
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                let _ = answer.send(outcome); // whoever asked may have gone
            }
        } else {
            give_up(answers);
            writing.await; // what comes after it waits for it, whatever became of it
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}
