//! The posts that wait, and which of them may be written now: never two batches with posts of one session, so that each
//! session's posts are written in the order of their coming.

use std::{
    collections::{HashSet, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rondo_domain::{
    ids::SessionId,
    message::{MessageError, NewMessage},
    store::Posted,
};
use tokio::sync::{Notify, oneshot};

use super::WriterSettings;

/// Where the outcome of a post goes.
pub(super) type Answer = oneshot::Sender<Result<Posted, MessageError>>;

/// A post and where its answer goes.
pub(super) struct Job {
    pub(super) post: NewMessage,
    pub(super) answer: Answer,
}

/// Posts that are written together.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) posts: Vec<NewMessage>,
    pub(super) answers: Vec<Answer>,
}

/// The queue.
pub(super) struct Queue {
    state: Mutex<State>,
    stirred: Notify,
    settings: WriterSettings,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// The sessions of the batches under way.
    busy: HashSet<SessionId>,
    /// How many more batches may be under way.
    free: u32,
    closed: bool,
}

impl Queue {
    pub(super) fn new(settings: WriterSettings, lanes: u32) -> Self {
        let state = State { free: lanes, ..State::default() };
        Self { state: Mutex::new(state), stirred: Notify::new(), settings }
    }

    /// Takes a job in, unless the queue is full or closed.
    pub(super) fn push(&self, job: Job) -> Result<(), MessageError> {
        let mut state = self.state();
        if state.closed || state.jobs.len() >= self.settings.capacity.max(1) {
            return Err(MessageError::Busy);
        }
        let may_go = state.free > 0 && !state.busy.contains(&job.post.post.session);
        state.jobs.push_back(job);
        drop(state);
        if may_go {
            self.stirred.notify_one();
        }
        Ok(())
    }

    /// Takes no more jobs in.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.stirred.notify_one();
    }

    /// Lets go of everybody who waits.
    pub(super) fn abandon(&self) {
        let abandoned = {
            let mut state = self.state();
            state.closed = true;
            mem::take(&mut state.jobs)
        };
        drop(abandoned);
    }

    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.closed && state.jobs.is_empty()
    }

    /// Returns when there may be something new to write, or the queue was closed.
    pub(super) async fn stirred(&self) {
        self.stirred.notified().await;
    }

    /// What can be written now, and together. Its sessions are busy until [`Queue::release`].
    pub(super) fn gather(&self) -> Option<Batch> {
        let mut state = self.state();
        if state.free == 0 || state.jobs.is_empty() {
            return None;
        }
        let State { jobs, busy, .. } = &mut *state;
        let (mut batch, mut taken) = (Batch::default(), HashSet::new());
        let (mut bytes, mut passed_over, mut full) = (0, VecDeque::new(), false);
        while let Some(job) = jobs.pop_front() {
            if job.answer.is_closed() {
                continue; // nobody waits for it any more
            }
            let (session, size) = (job.post.post.session, job.post.post.content.as_str().len());
            full |= !batch.posts.is_empty() && bytes + size > self.settings.batch_bytes;
            if full || busy.contains(&session) {
                passed_over.push_back(job);
            } else {
                bytes += size;
                taken.insert(session);
                batch.posts.push(job.post);
                batch.answers.push(job.answer);
            }
            full |= batch.posts.len() >= self.settings.batch_posts;
            if full {
                break;
            }
        }
        passed_over.append(jobs);
        *jobs = passed_over;
        if batch.posts.is_empty() {
            return None;
        }
        busy.extend(taken);
        state.free -= 1;
        Some(batch)
    }

    /// A batch with these posts is written.
    pub(super) fn release(&self, sessions: &HashSet<SessionId>) {
        let mut state = self.state();
        state.busy.retain(|session| !sessions.contains(session));
        state.free += 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
