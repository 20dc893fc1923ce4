//! The posts that wait, and which of them are written next: each session's in the order of their coming.

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

impl Batch {
    /// The sessions that it writes to.
    pub(super) fn sessions(&self) -> HashSet<SessionId> {
        self.posts.iter().map(|post| post.post.session).collect()
    }
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
    /// The sessions of a batch that is held up.
    set_aside: HashSet<SessionId>,
    closed: bool,
}

impl Queue {
    pub(super) fn new(settings: WriterSettings, figures: Arc<WriterFigures>) -> Self {
        Self { state: Mutex::default(), stirred: Notify::new(), settings, figures }
    }

    /// Takes a job in, unless the queue is full or closed.
    pub(super) fn push(&self, job: Job) -> Result<(), MessageError> {
        let mut state = self.state();
        if state.closed || state.jobs.len() >= self.settings.capacity.max(1) {
            self.figures.refused.one();
            return Err(MessageError::Busy);
        }
        // Whoever writes looks again when done, and waits only where nothing is left but what is set aside.
        let may_go = state.jobs.is_empty() || !state.set_aside.is_empty();
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

    /// What is written next, and together. `None` when nobody waits but for a session that is set aside.
    pub(super) fn gather(&self) -> Option<Batch> {
        let mut batch = Batch { posts: Vec::new(), answers: Vec::new(), since: Instant::now(), traced: Vec::new() };
        let (mut bytes, mut passed_over) = (0, VecDeque::new());
        let mut state = self.state();
        while batch.posts.len() < self.settings.batch_posts.max(1)
            && let Some(job) = state.jobs.pop_front()
        {
            if job.answer.is_closed() {
                continue; // nobody waits for it any more
            }
            if state.set_aside.contains(&job.post.post.session) {
                passed_over.push_back(job);
                continue;
            }
            bytes += job.post.post.content.as_str().len();
            if bytes > self.settings.batch_bytes && !batch.posts.is_empty() {
                state.jobs.push_front(job);
                break;
            }
            let Job { post, answer, since, span } = job;
            batch.since = batch.since.min(since);
            if !span.is_disabled() {
                batch.traced.push((post.id, span));
            }
            batch.posts.push(post);
            batch.answers.push(answer);
        }
        while let Some(job) = passed_over.pop_back() {
            state.jobs.push_front(job);
        }
        self.count(&state);
        (!batch.posts.is_empty()).then_some(batch)
    }

    /// A batch with posts in these sessions is held up: nothing is written to them until [`Queue::release`], so that the
    /// order stays.
    pub(super) fn set_aside(&self, sessions: &HashSet<SessionId>) {
        self.state().set_aside.extend(sessions);
    }

    /// It is written.
    pub(super) fn release(&self, sessions: &HashSet<SessionId>) {
        self.state().set_aside.retain(|session| !sessions.contains(session));
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
        Queue::new(settings, Arc::default())
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
    fn batches_are_bounded_and_keep_the_order() {
        let settings = WriterSettings { capacity: 5, batch_posts: 2, batch_bytes: 6, ..WriterSettings::default() };
        let (queue, sessions) = (queue(settings), [(); 6].map(|()| SessionId::generate()));
        let texts_in = ["a", "b", "longer than that", "c", "d"];
        let kept: Vec<_> = sessions.iter().zip(texts_in).map(|(id, text)| push(&queue, *id, text).unwrap()).collect();
        assert!(matches!(push(&queue, sessions[5], "too many"), Err(MessageError::Busy)));
        for expected in [&["a", "b"][..], &["longer than that"], &["c", "d"]] {
            assert_eq!(texts(queue.gather().as_ref()), expected);
        }
        drop(kept);
    }

    #[test]
    fn what_is_for_a_session_set_aside_waits_in_its_place() {
        let queue = queue(WriterSettings::default());
        let (one, other) = (SessionId::generate(), SessionId::generate());
        let mut kept = vec![push(&queue, one, "1").unwrap()];
        let first = queue.gather().unwrap();
        queue.set_aside(&first.sessions());
        kept.extend([(one, "2"), (other, "3"), (one, "4")].map(|(session, text)| push(&queue, session, text).unwrap()));
        assert_eq!(texts(queue.gather().as_ref()), ["3"]);
        assert!(queue.gather().is_none() && !queue.is_over());
        kept.push(push(&queue, other, "5").unwrap());
        queue.release(&first.sessions());
        assert_eq!(texts(queue.gather().as_ref()), ["2", "4", "5"]);
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
