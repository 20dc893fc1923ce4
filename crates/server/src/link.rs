//! What joins this node to the others: the Redis that they share, or nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rondo_domain::{
    Clock,
    bus::{Bus, Signal, SignalSink, Topic},
    cache::SharedAnswers,
    ids::NodeId,
    limits::{Allowances, Limits},
    measure::BusFigures,
    presence::{Noticed, PresenceBook, Presences},
    vitals::{InProcess, Vitals},
};
use rondo_http::{Answers, Hub};
use rondo_infra::{
    auth::CachedLoginStatus,
    bus::{MemoryBus, RedisBus},
    cache::RedisAnswers,
    limits::{MemoryLimits, RedisLimits},
    presence::{MemoryPresence, PresenceSettings, RedisPresence},
    redis::{Redis, RedisFault, RedisSettings},
};
use tokio::{runtime::Handle, sync::mpsc, task::JoinSet};

use crate::config::{self, Settings};

/// How a node is joined to others.
pub(crate) enum Link {
    /// It runs alone.
    Alone(Arc<MemoryBus>),
    /// It shares a Redis.
    Shared(Shared),
}

/// The parts that stand on Redis.
pub(crate) struct Shared {
    redis: Redis,
    bus: Arc<RedisBus>,
    presence: Arc<RedisPresence>,
    noticed: Option<mpsc::Receiver<Noticed>>,
}

impl Link {
    /// Begins to connect, where there is something to connect to; does not wait for it.
    pub(crate) fn open(settings: &Settings, tasks: &mut JoinSet<()>) -> Result<Self, RedisFault> {
        let config::RedisSettings { url, prefix } = settings.redis.clone();
        let Some(url) = url else { return Ok(Self::Alone(Arc::new(MemoryBus::new()))) };
        let node = NodeId::generate();
        let redis = Redis::start(&RedisSettings { url, prefix, deadline: RedisSettings::DEADLINE }, tasks)?;
        let bus = Arc::new(RedisBus::start(&redis, node, tasks));
        let presence = PresenceSettings { parting: settings.sessions.presence_grace, ..PresenceSettings::default() };
        let (presence, noticed) = RedisPresence::start(&redis, node, presence, tasks);
        Ok(Self::Shared(Shared { redis, bus, presence: Arc::new(presence), noticed: Some(noticed) }))
    }

    pub(crate) fn bus(&self) -> Arc<dyn Bus> {
        match self {
            Self::Alone(bus) => Arc::clone(bus) as Arc<dyn Bus>,
            Self::Shared(shared) => Arc::clone(&shared.bus) as Arc<dyn Bus>,
        }
    }

    /// What is counted on the way to other nodes.
    pub(crate) fn figures(&self) -> Arc<BusFigures> {
        match self {
            Self::Alone(_) => Arc::default(),
            Self::Shared(shared) => shared.bus.figures(),
        }
    }

    pub(crate) fn answers(&self, tasks: &mut JoinSet<()>) -> Option<Arc<dyn SharedAnswers>> {
        match self {
            Self::Alone(_) => None,
            Self::Shared(shared) => Some(Arc::new(RedisAnswers::start(shared.redis.clone(), tasks))),
        }
    }

    pub(crate) fn presence(&self) -> Arc<dyn PresenceBook> {
        match self {
            Self::Alone(_) => Arc::new(MemoryPresence::new()),
            Self::Shared(shared) => Arc::clone(&shared.presence) as Arc<dyn PresenceBook>,
        }
    }

    pub(crate) fn limits(&self, allowances: &Allowances, clock: Arc<dyn Clock>) -> Arc<dyn Limits> {
        match self {
            Self::Alone(_) => Arc::new(MemoryLimits::new(allowances, clock)),
            Self::Shared(shared) => Arc::new(RedisLimits::new(shared.redis.clone(), allowances, clock)),
        }
    }

    pub(crate) fn vitals(&self) -> Arc<dyn Vitals> {
        match self {
            Self::Alone(_) => Arc::new(InProcess),
            Self::Shared(shared) => Arc::new(Lines { redis: shared.redis.clone(), bus: Arc::clone(&shared.bus) }),
        }
    }

    /// Sets who hears what the bus brings, and who announces what is noticed of other nodes' people.
    pub(crate) fn connect(&mut self, ears: Ears, presences: &Arc<Presences>, tasks: &mut JoinSet<()>) {
        let ears = Arc::new(ears) as Arc<dyn SignalSink>;
        match self {
            Self::Alone(bus) => {
                bus.connect(ears);
            }
            Self::Shared(shared) => {
                shared.bus.connect(ears);
                if let Some(noticed) = shared.noticed.take() {
                    tasks.spawn(announce(Arc::clone(presences), noticed));
                }
            }
        }
    }

    /// Leaves the others in good order, once nobody is connected here: they hear what was said last, and take over those
    /// who do not come back.
    pub(crate) async fn close(&self) {
        if let Self::Shared(shared) = self {
            shared.presence.close().await;
            shared.bus.close().await;
        }
    }
}

async fn announce(presences: Arc<Presences>, mut noticed: mpsc::Receiver<Noticed>) {
    while let Some(noticed) = noticed.recv().await {
        presences.announce(noticed).await;
    }
    std::future::pending::<()>().await; // the book is gone, and with it the node
}

/// Where all parts of this node hear what the bus brings.
pub(crate) struct Ears {
    pub(crate) logins: Arc<CachedLoginStatus>,
    pub(crate) answers: Answers,
    pub(crate) hub: Hub,
    pub(crate) runtime: Handle,
}

impl SignalSink for Ears {
    fn offer(&self, signal: Signal) {
        self.offer_late(signal, Duration::ZERO);
    }

    fn offer_late(&self, signal: Signal, age: Duration) {
        self.answers.hear(&signal);
        match signal {
            Signal::LoginEnded { login, .. } => {
                // A connection that begins before the hub has looked must find that its login has ended.
                let (logins, hub, begun) = (Arc::clone(&self.logins), self.hub.clone(), Instant::now());
                self.runtime.spawn(async move {
                    logins.ended(login).await;
                    hub.offer_late(signal, age + begun.elapsed());
                });
            }
            signal => self.hub.offer_late(signal, age),
        }
    }

    fn missed(&self, topics: &[Topic]) {
        self.hub.missed(topics);
    }
}

/// The lines to Redis, for the health of the node.
struct Lines {
    redis: Redis,
    bus: Arc<RedisBus>,
}

impl Vitals for Lines {
    fn cache_is_up(&self) -> bool {
        self.redis.is_up()
    }

    fn bus_is_up(&self) -> bool {
        self.bus.is_up() && self.redis.is_up()
    }
}
