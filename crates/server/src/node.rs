//! A running node: every part put together, watched while it runs, and taken apart in the right order.

use std::{net::SocketAddr, sync::Arc, thread};

use rondo_domain::{
    Clock,
    account::{AccountParts, AccountSettings, Accounts},
    bus::{Bus, SignalSink},
    invitation::{InvitationSettings, Invitations},
    lists::{ListParts, ListReads, Lists},
    message::Messages,
    notification::Notifications,
    presence::{PresenceBook, Presences},
    session::{Members, Sessions},
    store::{EventLog, MessageWriter, Store, StoreError},
};
use rondo_http::{HttpSettings, Hub, Server, Services};
use rondo_infra::{
    auth::{BcryptHasher, CachedLoginStatus, JwtTokens, RandomSecrets},
    bus::MemoryBus,
    db::{
        Database, DatabaseSettings,
        writer::{Writer, WriterSettings},
    },
    limits::MemoryLimits,
    presence::MemoryPresence,
};
use rondo_wire::PublicEncoder;
use thiserror::Error;
use tokio::task::JoinSet;

use crate::{
    VERSION,
    config::{self, Settings},
    demo,
};

/// Why a node did not start, or did not go on.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The database could not be opened or brought up to date.
    #[error("the database could not be prepared: {0}")]
    Database(#[from] StoreError),
    /// The address could not be bound.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The demo data could not be written.
    #[error("the demo data could not be written: {0}")]
    Demo(#[from] demo::DemoError),
    /// A part that runs as long as the node ended by itself.
    #[error("a part of the server ended unexpectedly")]
    PartDied,
}

/// The parts below the surfaces; what commands such as `seed` need, and no more.
pub(crate) struct Core {
    pub(crate) database: Database,
    pub(crate) store: Arc<dyn Store>,
    lists: Arc<dyn ListReads>,
    pub(crate) writer: Arc<Writer>,
    writer_task: tokio::task::JoinHandle<()>,
    bus: Arc<MemoryBus>,
    log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Core {
    /// Opens the database, brings it up to date, and starts the writer.
    pub(crate) async fn open(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, NodeError> {
        let database = Database::connect(&database_settings(&settings.database)).await?;
        database.migrate().await?;
        let bus = Arc::new(MemoryBus::new());
        let store = database.store(Arc::clone(&bus) as Arc<dyn Bus>, Arc::new(PublicEncoder), Arc::clone(&clock));
        let (writer, writer_task) = Writer::start(&store, WriterSettings::default());
        let log = Arc::clone(&store) as Arc<dyn EventLog>;
        let lists = Arc::clone(&store) as Arc<dyn ListReads>;
        Ok(Self { database, store, lists, writer, writer_task, bus, log, clock })
    }

    /// What the demo is written with.
    pub(crate) fn stage(&self) -> demo::Stage {
        let (store, writer, clock) = (Arc::clone(&self.store), Arc::clone(&self.writer), Arc::clone(&self.clock));
        demo::Stage { store, writer, clock }
    }

    /// Finishes what is queued and closes the database.
    pub(crate) async fn close(self) {
        self.writer.close().await;
        if let Err(error) = self.writer_task.await {
            tracing::error!(error.cause = %error, "the writer ended badly");
        }
        self.database.close().await;
    }
}

pub(crate) fn database_settings(settings: &config::DatabaseSettings) -> DatabaseSettings {
    DatabaseSettings { url: settings.url.clone(), max_connections: settings.max_connections }
}

/// A running node.
pub struct Node {
    core: Core,
    server: Server,
    /// All that runs as long as the node; none of them ends by itself.
    tasks: JoinSet<()>,
}

impl Node {
    /// Opens the database, brings it up to date, writes the demo where it is wanted, and begins to serve.
    ///
    /// # Errors
    /// The first part that did not start.
    pub async fn start(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, NodeError> {
        let core = Core::open(settings, clock).await?;
        let hasher = Arc::new(BcryptHasher::new(settings.accounts.bcrypt_cost));
        if settings.demo {
            core.stage().seed_if_empty().await?;
        }
        let services = services(&core, settings, hasher);
        let mut tasks = JoinSet::new();
        let shards = thread::available_parallelism().map_or(1, usize::from).min(8);
        let hub = Hub::start(&core.log, shards, &mut tasks);
        core.bus.connect(Arc::new(hub.clone()) as Arc<dyn SignalSink>);
        let http = http_settings(settings);
        let server = Server::start(&services, &hub, &http, &mut tasks)
            .map_err(|error| NodeError::Listen(http.address, error))?;
        Ok(Self { core, server, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves until `stop` comes, then stops in good order: within about ten seconds, with nothing lost that was
    /// acknowledged.
    ///
    /// # Errors
    /// [`NodeError::PartDied`] when a part ended before; the rest is stopped in good order nevertheless.
    pub async fn run_until(mut self, stop: impl Future<Output = ()>) -> Result<(), NodeError> {
        let outcome = tokio::select! {
            () = stop => Ok(()),
            died = self.tasks.join_next() => {
                tracing::error!(cause = ?died, "a part of the server ended unexpectedly");
                Err(NodeError::PartDied)
            }
            () = self.core.writer.ended() => Err(NodeError::PartDied),
        };
        self.stop().await;
        outcome
    }

    /// Stops in good order, see [`Node::run_until`].
    pub async fn stop(mut self) {
        self.server.stop().await;
        self.tasks.shutdown().await;
        self.core.close().await;
    }
}

fn services(core: &Core, settings: &Settings, hasher: Arc<BcryptHasher>) -> Services {
    let Core { store, writer, clock, .. } = core;
    let bus = Arc::clone(&core.bus) as Arc<dyn Bus>;
    let (store, clock) = (|| Arc::clone(store), || Arc::clone(clock));
    let accounts = Accounts::new(AccountParts {
        store: store(),
        clock: clock(),
        hasher,
        tokens: Arc::new(JwtTokens::new(&settings.accounts.jwt_secret)),
        secrets: Arc::new(RandomSecrets),
        logins: Arc::new(CachedLoginStatus::new(store(), Arc::clone(&bus))),
        settings: AccountSettings {
            access_ttl: settings.accounts.access_ttl,
            refresh_ttl: settings.accounts.refresh_ttl,
        },
    });
    let invitations =
        InvitationSettings { ttl: settings.sessions.invitation_ttl, unknown: settings.sessions.invite_unknown };
    let writer = Arc::clone(writer) as Arc<dyn MessageWriter>;
    let presence = Arc::new(MemoryPresence::default());
    let book = Arc::clone(&presence) as Arc<dyn PresenceBook>;
    let lists = ListParts { store: store(), reads: Arc::clone(&core.lists), book, clock: clock() };
    Services {
        accounts: Arc::new(accounts),
        sessions: Arc::new(Sessions::new(store(), clock())),
        members: Arc::new(Members::new(store(), clock())),
        messages: Arc::new(Messages::new(store(), writer, Arc::clone(&bus), clock())),
        invitations: Arc::new(Invitations::new(store(), clock(), invitations)),
        notifications: Arc::new(Notifications::new(store(), clock())),
        presences: Arc::new(Presences::new(store(), presence, bus, clock())),
        lists: Arc::new(Lists::new(lists)),
        limits: Arc::new(MemoryLimits::new(&settings.limits.allowances, clock())),
        store: store(),
        clock: clock(),
    }
}

fn http_settings(settings: &Settings) -> HttpSettings {
    HttpSettings {
        address: settings.http.address(),
        workers: settings.http.workers,
        origins: settings.http.origins.clone(),
        trusted_proxies: settings.http.trusted_proxies.clone(),
        socket_events: settings.limits.socket_events,
        docs: settings.http.docs,
        secure_cookies: settings.app_env.is_production(),
        presence_grace: settings.sessions.presence_grace,
        version: VERSION,
    }
}
