//! What comes in: a connection of its own, subscribed to what this node asks for, and a task that keeps it so.

use std::{
    collections::HashSet,
    mem,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use redis::{PushInfo, PushKind, RedisError, Value, aio::MultiplexedConnection};
use rondo_domain::{
    bus::{SignalSink, Topic},
    ids::NodeId,
};
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};

use super::{channel, frame};
use crate::redis::{Backoff, Redis, RedisFault};

/// How long whoever asks for topics waits for them.
const LISTENING: Duration = Duration::from_secs(1);
/// How often the connection is tried: nobody else would notice that nothing comes any more.
const PING: Duration = Duration::from_secs(2);
/// How long an answer on it may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many topics are asked for in one command.
const TOPICS: usize = 500;

/// Who hears; settled once.
pub(super) type Sink = Arc<OnceLock<Arc<dyn SignalSink>>>;

/// What this node wants to hear. Shared by those who ask and by the task that subscribes.
#[derive(Default)]
pub(super) struct Wishes {
    wished: Mutex<Wished>,
    changed: Notify,
}

#[derive(Default)]
struct Wished {
    topics: HashSet<Topic>,
    /// The topics that were asked for or left since the task last looked.
    changed: HashSet<Topic>,
    waiting: Vec<Waiting>,
    /// Whether the connection is there, and heard all topics when it came.
    up: bool,
}

/// Somebody who waits until topics are heard.
struct Waiting {
    topics: Vec<Topic>,
    heard: oneshot::Sender<()>,
}

impl Wishes {
    /// Asks for topics, see [`rondo_domain::bus::Bus::listen`].
    pub(super) async fn listen(&self, topics: &[Topic]) {
        let mut answer = {
            let mut wished = self.lock();
            wished.topics.extend(topics);
            wished.changed.extend(topics);
            if !wished.up {
                return; // whatever was missed is told of when the connection is there
            }
            let (heard, answer) = oneshot::channel();
            wished.waiting.push(Waiting { topics: topics.to_vec(), heard });
            answer
        };
        self.changed.notify_one();
        if timeout(LISTENING, &mut answer).await.is_err() {
            answer.close(); // from here on the task learns that nobody waits, and tells the sink
        }
    }

    /// Asks for no more of a topic.
    pub(super) fn leave(&self, topic: Topic) {
        let mut wished = self.lock();
        wished.topics.remove(&topic);
        wished.changed.insert(topic);
        drop(wished);
        self.changed.notify_one();
    }

    pub(super) fn is_up(&self) -> bool {
        self.lock().up
    }

    fn lock(&self) -> MutexGuard<'_, Wished> {
        self.wished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What changed since the last look: the topics to ask for, those to leave, and who waits.
    fn changes(&self, heard: &HashSet<Topic>) -> (Vec<Topic>, Vec<Topic>, Vec<Waiting>) {
        let mut wished = self.lock();
        let changed = mem::take(&mut wished.changed);
        let (wanted, unwanted): (Vec<_>, Vec<_>) = changed.into_iter().partition(|topic| wished.topics.contains(topic));
        let more = wanted.into_iter().filter(|topic| !heard.contains(topic)).collect();
        let less = unwanted.into_iter().filter(|topic| heard.contains(topic)).collect();
        (more, less, mem::take(&mut wished.waiting))
    }
}

/// The task's whole state.
pub(super) struct Listener {
    pub(super) redis: Redis,
    pub(super) node: NodeId,
    pub(super) wishes: Arc<Wishes>,
    pub(super) sink: Sink,
}

impl Listener {
    /// Connects, and connects again whenever the connection is gone. Runs without end.
    pub(super) async fn run(self) {
        let mut backoff = Backoff::new();
        loop {
            match self.listen().await {
                Ok((line, heard, gone)) => {
                    backoff.reset();
                    let fault = self.follow(line, heard, &gone).await;
                    tracing::debug!(error.cause = %fault, "the connection to the bus is gone");
                }
                Err(fault) => tracing::debug!(error.cause = %fault, "the bus is away"),
            }
            {
                let mut wished = self.wishes.lock();
                wished.up = false;
                wished.waiting.clear();
            }
            sleep(backoff.wait()).await;
        }
    }

    /// Makes a connection that hears all that is wished for, and tells the sink that something may have been missed.
    async fn listen(&self) -> Result<(MultiplexedConnection, HashSet<Topic>, Arc<Notify>), RedisFault> {
        let gone = Arc::new(Notify::new());
        let hear = hearing(self.node, Arc::clone(&self.sink), Arc::clone(&gone));
        let mut line = self.redis.listening(hear).await?;
        answered(line.subscribe(self.redis.keys().nodes_channel())).await?;
        let mut heard = HashSet::new();
        loop {
            let more: Vec<_> = self.wishes.lock().topics.difference(&heard).copied().collect();
            self.subscribe(&mut line, &more).await?;
            heard.extend(more);
            let mut wished = self.wishes.lock();
            // What was left meanwhile is still in `changed`, and is unsubscribed by the first look.
            if wished.topics.is_subset(&heard) {
                wished.up = true;
                break;
            }
        }
        if let Some(sink) = self.sink.get() {
            let topics: Vec<_> = heard.iter().copied().collect();
            sink.missed(&topics);
        }
        self.wishes.changed.notify_one();
        Ok((line, heard, gone))
    }

    /// Does what is wished, and returns when the connection is gone.
    async fn follow(&self, mut line: MultiplexedConnection, mut heard: HashSet<Topic>, gone: &Notify) -> RedisFault {
        let mut ping = interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                () = gone.notified() => return RedisFault::Away,
                () = self.wishes.changed.notified() => self.apply(&mut line, &mut heard).await,
                _ = ping.tick() => answered(redis::cmd("PING").query_async::<()>(&mut line)).await,
            };
            if let Err(fault) = done {
                return fault;
            }
        }
    }

    async fn apply(&self, line: &mut MultiplexedConnection, heard: &mut HashSet<Topic>) -> Result<(), RedisFault> {
        let (more, less, waiting) = self.wishes.changes(heard);
        self.subscribe(line, &more).await?;
        heard.extend(more);
        for topics in less.chunks(TOPICS) {
            let channels: Vec<_> = topics.iter().map(|topic| channel(&self.redis, *topic)).collect();
            answered(line.unsubscribe(channels)).await?;
        }
        for topic in less {
            heard.remove(&topic);
        }
        let mut late = Vec::new();
        for Waiting { topics, heard } in waiting {
            if heard.send(()).is_err() {
                late.extend(topics);
            }
        }
        if !late.is_empty()
            && let Some(sink) = self.sink.get()
        {
            sink.missed(&late);
        }
        Ok(())
    }

    async fn subscribe(&self, line: &mut MultiplexedConnection, topics: &[Topic]) -> Result<(), RedisFault> {
        for topics in topics.chunks(TOPICS) {
            let channels: Vec<_> = topics.iter().map(|topic| channel(&self.redis, *topic)).collect();
            answered(line.subscribe(channels)).await?;
        }
        Ok(())
    }
}

async fn answered<T>(answer: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisFault> {
    Ok(timeout(PATIENCE, answer).await.map_err(|_elapsed| RedisFault::Late(PATIENCE))??)
}

/// Hands what other nodes publish to the sink, at the place where it is read from the connection.
fn hearing(node: NodeId, sink: Sink, gone: Arc<Notify>) -> impl Fn(PushInfo) -> Result<(), RedisError> {
    move |PushInfo { kind, data }| {
        match (kind, data.as_slice()) {
            (PushKind::Disconnection, _) => gone.notify_one(),
            (PushKind::Message, [_channel, Value::BulkString(bytes)]) => match frame::read(bytes) {
                Some((from, _)) if from == node => {}
                Some((_, mut signals)) => {
                    if let Some(sink) = sink.get() {
                        while let Some(signal) = signals.next() {
                            sink.offer_late(signal, signals.age());
                        }
                    }
                }
                None => tracing::debug!(bytes = bytes.len(), "a frame of an unknown version was dropped"),
            },
            _ => {}
        }
        Ok(())
    }
}
