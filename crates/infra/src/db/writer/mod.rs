//! The way in for messages. Writes that arrive while a commit is in flight form the next batch, so a busy system commits
//! many at once and an idle one writes at once, without a timer.

mod batch;
mod lookup;
mod mentions;
mod plan;
mod store;

use std::{mem, sync::Arc, time::Duration};

use async_trait::async_trait;
use rondo_domain::{
    message::{MessageError, NewMessage},
    store::{MessageWriter, Posted, StoreError},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use self::batch::Batches;
use super::SqlStore;

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

/// A post and where its answer goes.
struct Job {
    post: NewMessage,
    answer: oneshot::Sender<Result<Posted, MessageError>>,
}

/// The handle by which posts reach the one task that writes.
pub struct Writer {
    queue: mpsc::Sender<Job>,
    closing: watch::Sender<bool>,
    ended: watch::Receiver<()>,
    answer_within: Duration,
}

impl Writer {
    /// Starts the task. It ends after [`Writer::close`], or when the last handle is dropped.
    #[must_use]
    pub fn start(store: &SqlStore, settings: WriterSettings) -> (Arc<Self>, JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(settings.capacity.max(1));
        let (closing, closed) = watch::channel(false);
        let (running, ended) = watch::channel(());
        let task = Task { jobs, held: None, closed, batches: Batches::new(store), settings };
        let handle = tokio::spawn(async move {
            task.run().await;
            drop(running); // also when the task panics: whoever waits in `close` hears of it
        });
        (Arc::new(Self { queue, closing, ended, answer_within: settings.answer_within }), handle)
    }

    /// Takes no more posts, and waits until those in the queue are written and answered.
    ///
    /// Takes as long as the database does; whoever is in a hurry puts a deadline around it.
    pub async fn close(&self) {
        self.closing.send_replace(true);
        self.ended().await;
    }

    /// Waits until the task has ended, for whatever reason.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }
}

#[async_trait]
impl MessageWriter for Writer {
    async fn post(&self, post: NewMessage) -> Result<Posted, MessageError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { post, answer }).map_err(|_| MessageError::Busy)?;
        match timeout(self.answer_within, answered).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(unknown("the message writer ended")),
            Err(_) => Err(unknown("the message writer did not answer in time")),
        }
    }
}

fn unknown(what: &str) -> MessageError {
    StoreError::Unavailable(what.to_owned()).into()
}

/// The task that writes.
struct Task {
    jobs: mpsc::Receiver<Job>,
    /// What did not fit into the last batch and begins the next one.
    held: Option<Job>,
    closed: watch::Receiver<bool>,
    batches: Batches,
    settings: WriterSettings,
}

impl Task {
    async fn run(mut self) {
        while let Some(first) = self.next().await {
            let (posts, answers) = self.gather(first);
            let outcomes = self.batches.write(posts).await;
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                let _ = answer.send(outcome); // whoever asked may have gone
            }
        }
    }

    /// The next post, or `None` once the queue is closed and empty.
    async fn next(&mut self) -> Option<Job> {
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        loop {
            tokio::select! {
                // The handle is gone or closing: no more posts come in, those that are in are written.
                _ = self.closed.wait_for(|closed| *closed), if !self.jobs.is_closed() => self.jobs.close(),
                job = self.jobs.recv() => return job,
            }
        }
    }

    /// What is there to be written together. Posts for whose answer nobody waits any more are left out.
    fn gather(&mut self, first: Job) -> (Vec<NewMessage>, Vec<oneshot::Sender<Result<Posted, MessageError>>>) {
        let (mut posts, mut answers) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(job) = mem::take(&mut next) {
            let size = job.post.post.content.as_str().len();
            if !posts.is_empty() && bytes + size > self.settings.batch_bytes {
                self.held = Some(job);
                break;
            }
            if !job.answer.is_closed() {
                bytes += size;
                posts.push(job.post);
                answers.push(job.answer);
            }
            if posts.len() < self.settings.batch_posts {
                next = self.jobs.try_recv().ok();
            }
        }
        (posts, answers)
    }
}
