//! A running node: every part put together, watched while it runs, and taken apart in the right order.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, thread};

use rondo_domain::{
    Clock,
    account::{AccountParts, AccountSettings, Accounts},
    bus::Bus,
    ids::RequestId,
    invitation::{InvitationSettings, Invitations},
    lists::{ListParts, ListReads, Lists},
    measure::NodeFigures,
    message::Messages,
    notification::Notifications,
    presence::{PresenceBook, Presences},
    session::{Members, Sessions},
    store::{EventLog, MessageWriter, PersonalLog, Store, StoreError},
};
use rondo_http::{
    Answers, HttpSettings, Hub, HubParts, LogLevel, NoPlace, OperatorSettings, OperatorToken, Places, Server, Services,
};
use rondo_infra::{
    auth::{BcryptHasher, CachedLoginStatus, JwtTokens, RandomSecrets},
    db::{
        Database, DatabaseSettings, Retention, RetentionSettings, Swept,
        writer::{Writer, WriterSettings},
    },
    redis::RedisFault,
};
use rondo_wire::PublicEncoder;
use secrecy::ExposeSecret as _;
use thiserror::Error;
use tokio::{runtime::Handle, task::JoinSet};

use crate::{
    VERSION,
    config::{self, Settings},
    demo,
    link::{Ears, Link},
    telemetry,
};

/// Why a node did not start, or did not go on.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The database could not be opened or brought up to date.
    #[error("the database could not be prepared: {0}")]
    Database(#[from] StoreError),
    /// The URL of Redis is of no use. That Redis is away is no reason not to start.
    #[error(transparent)]
    Redis(#[from] RedisFault),
    /// An address could not be listened on.
    #[error(transparent)]
    Listen(#[from] NoPlace),
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
    bus: Arc<dyn Bus>,
    log: Arc<dyn EventLog>,
    personal: Arc<dyn PersonalLog>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Core {
    /// Opens the database, brings it up to date, and starts the writer.
    pub(crate) async fn open(settings: &Settings, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Result<Self, NodeError> {
        let database = Database::connect(&database_settings(&settings.database)).await?;
        database.migrate().await?;
        let store = database.store(Arc::clone(&bus), Arc::new(PublicEncoder), Arc::clone(&clock));
        let (writer, writer_task) = Writer::start(&store, WriterSettings::default());
        let log = Arc::clone(&store) as Arc<dyn EventLog>;
        let personal = Arc::clone(&store) as Arc<dyn PersonalLog>;
        let lists = Arc::clone(&store) as Arc<dyn ListReads>;
        Ok(Self { database, store, lists, writer, writer_task, bus, log, personal, clock })
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
    link: Link,
    retention: RetentionSettings,
    figures: NodeFigures,
    server: Server,
    demo_login: bool,
    /// All that runs as long as the node; none of them ends by itself.
    tasks: JoinSet<()>,
}

impl Node {
    /// Takes its addresses, opens the database, brings it up to date, writes the demo where it is wanted, and begins to
    /// serve.
    ///
    /// # Errors
    /// The first part that did not start.
    pub async fn start(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, NodeError> {
        for doubt in &settings.doubts {
            let config::Doubt { line, given, meant } = doubt;
            tracing::warn!(line, given, meant, "a name in .env is no setting, and seems misspelt");
        }
        let http = http_settings(settings);
        let places = Places::take(&http)?; // before anything is written: a port that is busy leaves all as it was
        let mut tasks = JoinSet::new();
        let mut link = Link::open(settings, &mut tasks)?;
        let core = Core::open(settings, link.bus(), clock).await?;
        let hasher = Arc::new(BcryptHasher::new(settings.accounts.bcrypt_cost));
        if settings.demo {
            core.stage().seed_if_empty().await?;
        }
        let demo = demo::with_public_passwords(&*core.store).await?;
        if settings.app_env.is_production() && !demo.is_empty() {
            warn_of_demo(demo.len());
        }
        let bus = Arc::clone(&core.bus);
        let logins = Arc::new(CachedLoginStatus::new(Arc::clone(&core.store), Arc::clone(&bus)));
        let answers = Answers::new(link.answers(&mut tasks));
        let services =
            services(&core, &link, settings, Secrets { hasher, logins: Arc::clone(&logins) }, answers.clone());
        let shards = thread::available_parallelism().map_or(1, usize::from).min(8);
        let parts = HubParts { log: Arc::clone(&core.log), personal: Arc::clone(&core.personal), bus };
        let hub = Hub::start(&parts, shards, &mut tasks);
        let ears = Ears { logins, answers, hub: hub.clone(), runtime: Handle::current() };
        link.connect(ears, &services.presences, &mut tasks);
        let level = telemetry::running_level();
        if let Some(level) = &level {
            tasks.spawn(Arc::clone(level).keep_time());
        }
        let level = level.map(|level| level as Arc<dyn LogLevel>);
        let server = Server::start(&services, &hub, &http, places, level, &mut tasks)?;
        let retention = RetentionSettings { events: settings.sessions.event_retention };
        let figures = services.figures;
        tasks.spawn(retention_of(&core, retention, &figures).run());
        let demo_login = !settings.app_env.is_production() && demo.contains(&demo::login_id());
        Ok(Self { core, link, retention, figures, server, demo_login, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where operators are listened to, if anywhere but there.
    #[must_use]
    pub fn operators_address(&self) -> Option<SocketAddr> {
        self.server.operators_address()
    }

    /// Whether [`demo::LOGIN`] lets somebody in.
    #[must_use]
    pub const fn has_demo_login(&self) -> bool {
        self.demo_login
    }

    /// Takes away at once what is past its use, as the node does by itself from time to time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sweep(&self) -> Result<Swept, StoreError> {
        Box::pin(retention_of(&self.core, self.retention, &self.figures).sweep()).await
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
        self.link.close().await;
        self.tasks.shutdown().await;
        self.core.close().await;
    }
}

fn retention_of(core: &Core, settings: RetentionSettings, figures: &NodeFigures) -> Retention {
    Retention::new(&core.database, Arc::clone(&core.clock), settings, RequestId::generate().0)
        .counting(Arc::clone(&figures.retention))
}

/// Says that the demo came along from development, and what to do about it.
fn warn_of_demo(accounts: usize) {
    tracing::warn!(
        accounts,
        "this database holds demo accounts whose passwords are public: nobody can log in to them in production. Begin \
         with an empty database, or change their passwords in development"
    );
}

/// What accounts rest on besides the database.
struct Secrets {
    hasher: Arc<BcryptHasher>,
    logins: Arc<CachedLoginStatus>,
}

fn services(core: &Core, link: &Link, settings: &Settings, secrets: Secrets, answers: Answers) -> Services {
    let Core { store, writer, clock, bus, .. } = core;
    let (store, clock) = (|| Arc::clone(store), || Arc::clone(clock));
    let figures = NodeFigures {
        writer: writer.figures(),
        hashing: secrets.hasher.figures(),
        bus: link.figures(),
        pools: Arc::new(core.database.clone()),
        lost_lines: telemetry::lost_lines,
        ..NodeFigures::default()
    };
    let accounts = Accounts::new(AccountParts {
        store: store(),
        clock: clock(),
        hasher: secrets.hasher,
        tokens: Arc::new(JwtTokens::new(&settings.accounts.jwt_secret)),
        secrets: Arc::new(RandomSecrets),
        logins: secrets.logins,
        public: if settings.app_env.is_production() { demo::public_passwords() } else { HashMap::new() },
        settings: AccountSettings {
            access_ttl: settings.accounts.access_ttl,
            refresh_ttl: settings.accounts.refresh_ttl,
        },
    });
    let invitations =
        InvitationSettings { ttl: settings.sessions.invitation_ttl, unknown: settings.sessions.invite_unknown };
    let writer = Arc::clone(writer) as Arc<dyn MessageWriter>;
    let presence: Arc<dyn PresenceBook> = link.presence();
    let lists =
        ListParts { store: store(), reads: Arc::clone(&core.lists), book: Arc::clone(&presence), clock: clock() };
    Services {
        accounts: Arc::new(accounts),
        sessions: Arc::new(Sessions::new(store(), clock())),
        members: Arc::new(Members::new(store(), clock())),
        messages: Arc::new(Messages::new(store(), writer, Arc::clone(bus), clock())),
        invitations: Arc::new(Invitations::new(store(), clock(), invitations)),
        notifications: Arc::new(Notifications::new(store(), clock())),
        presences: Arc::new(Presences::new(store(), presence, Arc::clone(bus), clock())),
        lists: Arc::new(Lists::new(lists)),
        limits: figures.refusals.of(link.limits(&settings.limits.allowances, clock())),
        answers,
        vitals: link.vitals(),
        store: store(),
        clock: clock(),
        figures,
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
        drain_delay: settings.sessions.drain_delay,
        version: VERSION,
        operators: OperatorSettings {
            metrics: settings.operators.metrics,
            address: settings.operators.address,
            token: settings.operators.token.as_ref().map(|token| OperatorToken::new(token.expose_secret())),
            open: !settings.app_env.is_production(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, net::TcpListener, process};

    use rondo_domain::clock::SystemClock;

    use super::*;

    #[tokio::test]
    async fn a_start_without_its_address_names_it_and_writes_nothing() {
        let folder = env::temp_dir().join(format!("rondo-node-{}", process::id()));
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        for (port, operators) in
            [(address.port().to_string(), "127.0.0.1:0".to_owned()), ("0".to_owned(), address.to_string())]
        {
            let settings = Settings::from_vars(|name| match name {
                "DATA_DIR" => folder.to_str().map(str::to_owned),
                "JWT_SECRET" => Some("correct-horse-battery-staple-0123456789".to_owned()),
                "PORT" => Some(port.clone()),
                "METRICS_ADDR" => Some(operators.clone()),
                _ => None,
            });
            let refused = Node::start(&settings.unwrap(), Arc::new(SystemClock)).await.err().unwrap();

            let told = refused.to_string();
            assert!(told.starts_with(&format!("cannot listen on {address}: ")), "{told}");
            assert!(fs::read_dir(&folder).is_err(), "nothing was written");
        }
    }
}
