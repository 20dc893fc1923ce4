//! The bus of several nodes: what is published goes straight to the node's own sink, and over Redis to the others.
//!
//! There is a channel per session, one per person, and one that every node hears. While Redis is away each node hears
//! itself, and what every node must hear waits until Redis is back.

mod frame;
mod listener;
mod publisher;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use rondo_domain::{
    bus::{Bus, Signal, SignalSink, Topic},
    ids::NodeId,
    measure::BusFigures,
};
use tokio::{task::JoinSet, time::timeout};

#[doc(hidden)]
pub use self::frame::read_twice;
use self::{
    listener::{Listener, Sink, Wishes},
    publisher::Outbox,
};
use crate::redis::Redis;

/// How long the last signals may take when the node stops.
const CLOSING: Duration = Duration::from_secs(1);

/// A bus over Redis.
pub struct RedisBus {
    outbox: Outbox,
    wishes: Arc<Wishes>,
    sink: Sink,
}

impl RedisBus {
    /// A bus that nobody hears yet: what is published before [`RedisBus::connect`] reaches the other nodes alone. Its
    /// tasks are put into `tasks`; none of them ends by itself.
    #[must_use]
    pub fn start(redis: &Redis, node: NodeId, tasks: &mut JoinSet<()>) -> Self {
        let (outbox, publishing) = Outbox::new(redis.clone(), node);
        tasks.spawn(publishing);
        let (wishes, sink) = (Arc::new(Wishes::default()), Arc::new(OnceLock::new()));
        let listener = Listener { redis: redis.clone(), node, wishes: Arc::clone(&wishes), sink: Arc::clone(&sink) };
        tasks.spawn(listener.run());
        Self { outbox, wishes, sink }
    }

    /// Sets who hears; `false` when that was settled before, which changes nothing.
    pub fn connect(&self, sink: Arc<dyn SignalSink>) -> bool {
        self.sink.set(sink).is_ok()
    }

    /// What it counts.
    #[must_use]
    pub fn figures(&self) -> Arc<BusFigures> {
        self.outbox.figures()
    }

    /// Whether other nodes are heard at this moment.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.wishes.is_up()
    }

    /// Gets what was published before through to the other nodes, if that is possible within a second.
    pub async fn close(&self) {
        if timeout(CLOSING, self.outbox.flush()).await.is_err() {
            tracing::warn!("the last signals did not reach the other nodes in time");
        }
    }
}

#[async_trait]
impl Bus for RedisBus {
    fn publish(&self, signal: Signal) {
        if let Some(sink) = self.sink.get() {
            sink.offer(signal.clone());
        }
        self.outbox.put(signal);
    }

    async fn listen(&self, topics: &[Topic]) {
        self.wishes.listen(topics).await;
    }

    fn leave(&self, topic: Topic) {
        self.wishes.leave(topic);
    }
}

/// The channel of a topic.
fn channel(redis: &Redis, topic: Topic) -> String {
    match topic {
        Topic::Session(session) => redis.keys().session_channel(session),
        Topic::Person(user) => redis.keys().person_channel(user),
    }
}
