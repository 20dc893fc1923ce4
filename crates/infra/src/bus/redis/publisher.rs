//! What goes out: one task that takes all that waits and publishes it in one go, so that the next go is as large as the
//! traffic is heavy.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::Pipeline;
use rondo_domain::{
    UserId,
    bus::{Signal, Topic},
    ids::{LoginId, NodeId},
    measure::BusFigures,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, sleep},
};

use super::{
    channel,
    frame::{Frame, wall_clock},
};
use crate::redis::{Redis, RedisFault};

/// How many signals wait; further ones are dropped.
const QUEUE: usize = 8_192;
/// How many signals are published in one go.
const BATCH: usize = 512;
/// How many bytes a frame may have before another one is begun for the same channel.
const FRAME_BYTES: usize = 256 * 1_024;
/// How many bytes are published in one go.
const BATCH_BYTES: usize = 1_024 * 1_024;
/// How many people, and how many logins, may wait for their news to get through.
const NEWS: usize = 10_000;
/// How many of them one signal tells of.
const NEWS_SIGNAL: usize = 1_000;
/// How long to wait after a failure until the news are tried again.
const AGAIN: Duration = Duration::from_millis(250);
/// How often dropped signals are warned of.
const WARNING: Duration = Duration::from_secs(10);

/// The way to the task that publishes.
pub(super) struct Outbox {
    queue: mpsc::Sender<Item>,
    waiting: Arc<Waiting>,
}

enum Item {
    /// A signal, and when it was published.
    Signal(Signal, i64),
    /// Answered when all that was queued before has been published or given up.
    Flush(oneshot::Sender<()>),
}

#[derive(Default)]
struct Waiting {
    news: Mutex<News>,
    told: Notify,
    /// How many signals were dropped since that was last warned of.
    dropped: AtomicU64,
    figures: Arc<BusFigures>,
}

/// What every node must hear. It is kept until it gets through, and said once however often it was told.
#[derive(Default)]
struct News {
    stale: HashSet<UserId>,
    ended: HashSet<(UserId, LoginId)>,
    /// Since when the first of them waits.
    since: Option<i64>,
}

impl News {
    fn is_empty(&self) -> bool {
        self.stale.is_empty() && self.ended.is_empty()
    }

    /// As signals of a bounded size.
    fn signals(&self) -> Vec<Signal> {
        let stale: Vec<_> = self.stale.iter().copied().collect();
        let stale = stale.chunks(NEWS_SIGNAL).map(|users| Signal::Stale(users.into()));
        stale.chain(self.ended.iter().map(|&(user, login)| Signal::LoginEnded { user, login })).collect()
    }
}

impl Waiting {
    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.figures.dropped.one();
    }

    /// Takes something that every node must hear.
    fn tell(&self, take: impl FnOnce(&mut News)) {
        let mut news = self.news();
        news.since.get_or_insert_with(wall_clock);
        take(&mut news);
        if news.stale.len() > NEWS || news.ended.len() > NEWS {
            news.stale.clear();
            news.ended.clear();
            self.drop_one();
        }
        drop(news);
        self.told.notify_one();
    }
}

impl Outbox {
    /// The way in, and the task's work.
    pub(super) fn new(redis: Redis, node: NodeId) -> (Self, impl Future<Output = ()>) {
        let (queue, items) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Waiting::default());
        let publisher = Publisher { redis, node, waiting: Arc::clone(&waiting), warned: None };
        (Self { queue, waiting }, publisher.run(items))
    }

    /// What it counts.
    pub(super) fn figures(&self) -> Arc<BusFigures> {
        Arc::clone(&self.waiting.figures)
    }

    /// Takes a signal for the other nodes. Never waits.
    pub(super) fn put(&self, signal: Signal) {
        match signal {
            Signal::Stale(users) => self.waiting.tell(|news| news.stale.extend(users.iter())),
            Signal::LoginEnded { user, login } => self.waiting.tell(|news| {
                news.ended.insert((user, login));
            }),
            signal => {
                if self.queue.try_send(Item::Signal(signal, wall_clock())).is_err() {
                    self.waiting.drop_one();
                }
            }
        }
    }

    /// Waits until what was put before has been published, or given up.
    pub(super) async fn flush(&self) {
        let (done, published) = oneshot::channel();
        if self.queue.send(Item::Flush(done)).await.is_ok() {
            let _the_task_ended = published.await;
        }
    }
}

struct Publisher {
    redis: Redis,
    node: NodeId,
    waiting: Arc<Waiting>,
    warned: Option<Instant>,
}

impl Publisher {
    /// Runs until the last way in is dropped.
    async fn run(mut self, mut items: mpsc::Receiver<Item>) {
        let mut taken = Vec::with_capacity(BATCH);
        let mut failed = false;
        loop {
            let news = !self.waiting.news().is_empty();
            tokio::select! {
                count = items.recv_many(&mut taken, BATCH) => if count == 0 { return },
                () = self.waiting.told.notified() => {}
                () = self.again(failed), if news => {}
            }
            // Whoever commits tells news and a signal in one breath: they go out in one as well.
            while taken.len() < BATCH
                && let Ok(item) = items.try_recv()
            {
                taken.push(item);
            }
            self.warn_of_dropped();
            failed = self.publish(&mut taken).await.is_err();
        }
    }

    /// Waits for the time to try the news again.
    async fn again(&self, failed: bool) {
        if failed {
            sleep(AGAIN).await;
        }
        self.redis.until_up().await;
    }

    /// Publishes the news and all that was taken, in one go. What cannot be published now is dropped, but for the news: no
    /// harm is done if they are heard twice.
    async fn publish(&self, taken: &mut Vec<Item>) -> Result<(), RedisFault> {
        let news = if self.redis.is_up() { Some(std::mem::take(&mut *self.waiting.news())) } else { None };
        let outcome = self.send(news.as_ref(), taken).await;
        if let (Err(_), Some(news)) = (&outcome, news) {
            let mut waiting = self.waiting.news();
            waiting.stale.extend(news.stale);
            waiting.ended.extend(news.ended);
            waiting.since = news.since.or(waiting.since);
        }
        if let Err(fault @ (RedisFault::Late(_) | RedisFault::Failed(_))) = &outcome {
            tracing::debug!(error.cause = %fault, "signals were not published");
        }
        outcome
    }

    async fn send(&self, news: Option<&News>, taken: &mut Vec<Item>) -> Result<(), RedisFault> {
        let mut sheaf = Sheaf::new(&self.redis, self.node);
        let mut outcome = match news {
            Some(news) => {
                let since = news.since.unwrap_or_else(wall_clock);
                news.signals().iter().for_each(|signal| sheaf.add(signal, since));
                Ok(())
            }
            None => Err(RedisFault::Away),
        };
        for item in taken.drain(..) {
            match item {
                Item::Signal(signal, since) if outcome.is_ok() => {
                    sheaf.add(&signal, since);
                    if sheaf.bytes >= BATCH_BYTES {
                        outcome = sheaf.send().await;
                    }
                }
                Item::Signal(..) => {}
                Item::Flush(done) => {
                    if outcome.is_ok() {
                        outcome = sheaf.send().await;
                    }
                    let _nobody_waits = done.send(());
                }
            }
        }
        if outcome.is_ok() {
            outcome = sheaf.send().await;
        }
        outcome
    }

    fn warn_of_dropped(&mut self) {
        let warned = self.warned.is_some_and(|at| at.elapsed() < WARNING);
        if warned || self.waiting.dropped.load(Ordering::Relaxed) == 0 {
            return;
        }
        let dropped = self.waiting.dropped.swap(0, Ordering::Relaxed);
        tracing::warn!(
            signals = dropped,
            "too many signals wait for Redis: some were dropped, and other nodes are late"
        );
        self.warned = Some(Instant::now());
    }
}

/// Frames by their channel, as they will be published together.
struct Sheaf<'a> {
    redis: &'a Redis,
    node: NodeId,
    frames: Vec<(String, Frame)>,
    /// The frame of a topic that is still open; `None` stands for all nodes.
    open: HashMap<Option<Topic>, usize>,
    bytes: usize,
}

impl<'a> Sheaf<'a> {
    fn new(redis: &'a Redis, node: NodeId) -> Self {
        Self { redis, node, frames: Vec::new(), open: HashMap::new(), bytes: 0 }
    }

    /// Adds a signal that was published at this moment. They come in the order of their moments, so a frame says that of
    /// its first.
    fn add(&mut self, signal: &Signal, since: i64) {
        match signal {
            Signal::Event(event) => self.add_to(Some(Topic::Session(event.session_id)), signal, since),
            Signal::Passing(event) => self.add_to(Some(Topic::Session(event.session())), signal, since),
            Signal::Personal(personal) => self.add_to(Some(Topic::Person(personal.user)), signal, since),
            Signal::EventFor(users, event) => {
                for user in users.iter() {
                    let signal = Signal::EventFor([*user].into(), Arc::clone(event));
                    self.add_to(Some(Topic::Person(*user)), &signal, since);
                }
            }
            Signal::LoginEnded { .. } | Signal::Stale(_) => self.add_to(None, signal, since),
        }
    }

    fn add_to(&mut self, topic: Option<Topic>, signal: &Signal, since: i64) {
        let open = self.open.get(&topic).copied();
        let index = open.filter(|index| self.frames[*index].1.len() < FRAME_BYTES).unwrap_or_else(|| {
            let name = topic.map_or_else(|| self.redis.keys().nodes_channel(), |topic| channel(self.redis, topic));
            let mut frame = Frame::new(self.node);
            frame.since(since);
            self.frames.push((name, frame));
            self.open.insert(topic, self.frames.len() - 1);
            self.frames.len() - 1
        });
        let frame = &mut self.frames[index].1;
        let before = frame.len();
        frame.add(signal);
        self.bytes += frame.len() - before;
    }

    /// Publishes what was gathered, and is empty again.
    async fn send(&mut self) -> Result<(), RedisFault> {
        self.open.clear();
        self.bytes = 0;
        if self.frames.is_empty() {
            return Ok(());
        }
        let mut commands = Pipeline::with_capacity(self.frames.len());
        for (channel, frame) in self.frames.drain(..) {
            commands.cmd("PUBLISH").arg(channel).arg(frame.into_bytes()).ignore();
        }
        self.redis.run_all(&commands).await
    }
}
