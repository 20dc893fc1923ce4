//! The posts that wait, and which of them may be written now: never two batches with posts of one session, so that each
//! session's posts are written in the order of their coming.

use std::{
    collections::{HashSet, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rondo_domain::{
    ids::{MessageId, SessionId},
    measure::WriterFigures,
    message::{MessageError, NewMessage},
    store::Posted,
};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};
use tracing::Span;

use super::WriterSettings;

/// Where the outcome of a post goes.
pub(super) type Answer = oneshot::Sender<Result<Posted, MessageError>>;

/// A post and where its answer goes.
pub(super) struct Job {
    pub(super) post: NewMessage,
    pub(super) answer: Answer,
    pub(super) since: Instant,
    /// What it is done for; disabled unless somebody records traces.
    pub(super) span: Span,
}

/// Posts that are written together.
pub(super) struct Batch {
    pub(super) posts: Vec<NewMessage>,
    pub(super) answers: Vec<Answer>,
    /// Since when the first of them has waited.
    pub(super) since: Instant,
    /// The posts of which traces are recorded.
    pub(super) traced: Vec<(MessageId, Span)>,
}

/// The queue.
pub(super) struct Queue {
    state: Mutex<State>,
    stirred: Notify,
    settings: WriterSettings,
    figures: Arc<WriterFigures>,
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
    pub(super) fn new(settings: WriterSettings, lanes: u32, figures: Arc<WriterFigures>) -> Self {
        let state = State { free: lanes, ..State::default() };
        Self { state: Mutex::new(state), stirred: Notify::new(), settings, figures }
    }

    /// Takes a job in, unless the queue is full or closed.
    pub(super) fn push(&self, job: Job) -> Result<(), MessageError> {
        let mut state = self.state();
        if state.closed || state.jobs.len() >= self.settings.capacity.max(1) {
            self.figures.refused.one();
            return Err(MessageError::Busy);
        }
        let may_go = state.free > 0 && !state.busy.contains(&job.post.post.session);
        state.jobs.push_back(job);
        self.count(&state);
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
            let jobs = mem::take(&mut state.jobs);
            self.count(&state);
            jobs
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
        let (mut posts, mut answers, mut taken, mut since) = (Vec::new(), Vec::new(), HashSet::new(), None);
        let (mut bytes, mut passed_over, mut full) = (0, VecDeque::new(), false);
        let mut traced = Vec::new();
        while let Some(job) = jobs.pop_front() {
            if job.answer.is_closed() {
                continue; // nobody waits for it any more
            }
            let (session, size) = (job.post.post.session, job.post.post.content.as_str().len());
            full |= !posts.is_empty() && bytes + size > self.settings.batch_bytes;
            if full || busy.contains(&session) {
                passed_over.push_back(job);
            } else {
                bytes += size;
                taken.insert(session);
                if !job.span.is_disabled() {
                    traced.push((job.post.id, job.span));
                }
                posts.push(job.post);
                answers.push(job.answer);
                since.get_or_insert(job.since);
            }
            full |= posts.len() >= self.settings.batch_posts;
            if full {
                break;
            }
        }
        passed_over.append(jobs);
        *jobs = passed_over;
        self.figures.waiting.set(jobs.len() as u64);
        let since = since?;
        busy.extend(taken);
        state.free -= 1;
        Some(Batch { posts, answers, since, traced })
    }

    /// Those who have waited for too long, and wait no more. The oldest come first, so whoever follows one who may stay
    /// may stay too.
    pub(super) fn overdue(&self, now: Instant, answer_within: Duration) -> Vec<Answer> {
        let mut state = self.state();
        let count = state.jobs.partition_point(|job| job.since + answer_within <= now);
        let overdue = state.jobs.drain(..count).map(|job| job.answer).collect();
        self.count(&state);
        overdue
    }

    /// A batch with these posts is written.
    pub(super) fn release(&self, sessions: &HashSet<SessionId>) {
        let mut state = self.state();
        state.busy.retain(|session| !sessions.contains(session));
        state.free += 1;
    }

    fn count(&self, state: &State) {
        self.figures.waiting.set(state.jobs.len() as u64);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rondo_domain::{
        Timestamp,
        ids::UserId,
        message::{Content, PostMessage},
    };

    use super::*;

    type Answered = oneshot::Receiver<Result<Posted, MessageError>>;

    fn queue(settings: WriterSettings) -> Queue {
        Queue::new(settings, 2, Arc::default())
    }

    fn push(queue: &Queue, session: SessionId, text: &str) -> Result<Answered, MessageError> {
        let (answer, answered) = oneshot::channel();
        let post =
            PostMessage { session, content: Content::parse(text).unwrap(), client_message_id: None, reply_to: None };
        let (id, author, created_at) = (MessageId::generate(), UserId::generate(), Timestamp::UNIX_EPOCH);
        let post = NewMessage { id, author, post, created_at, guard: None };
        queue.push(Job { post, answer, since: Instant::now(), span: Span::none() }).map(|()| answered)
    }

    fn texts(batch: Option<&Batch>) -> Vec<&str> {
        batch.map_or_else(Vec::new, |batch| batch.posts.iter().map(|post| post.post.content.as_str()).collect())
    }

    #[test]
    fn posts_of_one_session_are_never_in_two_batches() {
        let queue = queue(WriterSettings::default());
        let (one, other) = (SessionId::generate(), SessionId::generate());
        let mut kept = vec![push(&queue, one, "1").unwrap()];
        let first = queue.gather();
        kept.extend([(one, "2"), (other, "3"), (one, "4")].map(|(session, text)| push(&queue, session, text).unwrap()));
        let second = queue.gather();
        assert_eq!((texts(first.as_ref()), texts(second.as_ref())), (vec!["1"], vec!["3"]));
        assert!(queue.gather().is_none(), "two are under way");

        queue.release(&[other].into());
        assert!(queue.gather().is_none(), "the rest is of a session under way");
        queue.release(&[one].into());
        assert_eq!(texts(queue.gather().as_ref()), ["2", "4"]);
    }

    #[test]
    fn batches_are_bounded_and_keep_the_order() {
        let settings = WriterSettings { capacity: 5, batch_posts: 2, batch_bytes: 6, ..WriterSettings::default() };
        let (queue, sessions) = (queue(settings), [(); 6].map(|()| SessionId::generate()));
        let texts_in = ["a", "b", "longer than that", "c", "d"];
        let kept: Vec<_> = sessions.iter().zip(texts_in).map(|(id, text)| push(&queue, *id, text).unwrap()).collect();
        assert!(matches!(push(&queue, sessions[5], "too many"), Err(MessageError::Busy)));
        for expected in [&["a", "b"][..], &["longer than that"], &["c", "d"]] {
            assert_eq!(texts(queue.gather().as_ref()), expected);
            queue.release(&sessions.into());
        }
        drop(kept);
    }

    #[test]
    fn nobody_is_written_for_who_has_gone() {
        let queue = queue(WriterSettings::default());
        let session = SessionId::generate();
        drop(push(&queue, session, "gone").unwrap());
        assert!(queue.gather().is_none());
        let kept = push(&queue, session, "here").unwrap();
        assert_eq!(texts(queue.gather().as_ref()), ["here"]);
        drop(kept);
    }

    #[test]
    fn who_has_waited_for_too_long_waits_no_more() {
        let queue = queue(WriterSettings::default());
        let (session, second) = (SessionId::generate(), Duration::from_secs(1));
        let kept = [(); 2].map(|()| push(&queue, session, "waits").unwrap());
        let now = Instant::now();
        assert!(queue.overdue(now, second).is_empty());
        assert_eq!(queue.overdue(now + second, second).len(), 2);
        assert!(!queue.is_over() && queue.gather().is_none());
        queue.close();
        assert!(queue.is_over());
        drop(kept);
    }
}
