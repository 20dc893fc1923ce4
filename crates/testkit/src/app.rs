//! A whole node in this process.

use std::{ops::Deref, sync::Arc, time::Duration};

use rondo_domain::Clock;
use rondo_infra::db::Swept;
use rondo_server::{Node, config::Settings};
use tokio::{runtime::Handle, task::block_in_place, time::timeout};

use crate::{Backend, Site, TestClock, TestDb, log, patience::within, token::JWT_SECRET};

/// How long a single test may take, whatever it does.
const LONGEST: Duration = Duration::from_secs(90);
/// How long a node may take to stop.
const STOPPING: Duration = Duration::from_secs(12);

/// A running node with a database and a clock of its own. Dropping it stops the node, then takes the database away.
pub struct TestApp {
    /// The node's time.
    pub clock: TestClock,
    first: TestNode,
    settings: Settings,
    database: Arc<TestDb>,
}

/// A running node. Dropping it stops it.
pub struct TestNode {
    site: Site,
    node: Option<Node>,
}

impl TestApp {
    /// Starts a node as in development, without the demo.
    pub async fn start(backend: Backend) -> Self {
        Self::with(backend, &[]).await
    }

    /// Starts a node with other settings than usual.
    pub async fn with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        Self::over(&Arc::new(TestDb::create(backend).await), settings).await
    }

    /// Starts a node on a database that is there already, and stays there as long as it is held.
    pub async fn over(database: &Arc<TestDb>, settings: &[(&str, &str)]) -> Self {
        log::listen();
        let folder = database.folder().display().to_string();
        let usual = [
            ("APP_ENV", "development"),
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("WORKERS", "1"),
            ("DEMO", "off"),
            ("RATE_LIMIT", "off"),
            ("BCRYPT_COST", "4"),
            ("JWT_SECRET", JWT_SECRET),
            ("DATA_DIR", &folder),
            ("DATABASE_URL", database.url()),
            ("DATABASE_MAX_CONNECTIONS", "6"),
        ];
        let find = |name: &str| settings.iter().chain(&usual).find(|(known, _)| *known == name);
        let settings = Settings::from_vars(|name| find(name).map(|(_, value)| (*value).to_owned()));
        let settings = settings.unwrap_or_else(|faults| panic!("{faults}"));
        let clock = TestClock::new();
        let first = TestNode::start(&settings, &clock).await;
        Self { clock, first, settings, database: Arc::clone(database) }
    }

    /// Takes away what is past its use, as the node does from time to time.
    pub async fn sweep(&self) -> Swept {
        let node = self.first.node.as_ref().expect("a node until the end");
        within("retention", node.sweep()).await.expect("a database that answers")
    }

    /// Where operators are listened to, if anywhere but there.
    #[must_use]
    pub fn operators(&self) -> Option<Site> {
        self.first.node.as_ref()?.operators_address().map(Site::new)
    }

    /// Insists that the data is as the rules want it.
    pub async fn verify(&self) {
        self.database.verify().await;
    }

    /// Starts one more node with the same settings, database and clock. It is to be dropped before this.
    pub async fn beside(&self) -> TestNode {
        TestNode::start(&self.settings, &self.clock).await
    }
}

impl TestNode {
    async fn start(settings: &Settings, clock: &TestClock) -> Self {
        let node = Node::start(settings, Arc::new(clock.clone()) as Arc<dyn Clock>).await;
        let node = node.unwrap_or_else(|error| panic!("the node did not start: {error}"));
        Self { site: Site::new(node.address()), node: Some(node) }
    }
}

impl Deref for TestApp {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.first
    }
}

impl Deref for TestNode {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        let Some(node) = self.node.take() else { return };
        let stopped = block_in_place(|| Handle::current().block_on(timeout(STOPPING, node.stop())));
        if stopped.is_err() {
            eprintln!("a node did not stop within {STOPPING:?}");
        }
    }
}

/// What a test of [`on_each_database!`](crate::on_each_database) begins with.
pub trait Begin: Sized {
    /// Makes it on this database.
    fn begin(backend: Backend) -> impl Future<Output = Self>;
}

impl Begin for TestApp {
    fn begin(backend: Backend) -> impl Future<Output = Self> {
        Self::start(backend)
    }
}

impl Begin for Backend {
    async fn begin(backend: Backend) -> Self {
        backend
    }
}

/// Runs a test on a database, and not without end.
pub async fn on<T: Begin, F: Future<Output = ()>>(backend: Backend, test: impl FnOnce(T) -> F) {
    let work = async { test(T::begin(backend).await).await };
    assert!(timeout(LONGEST, work).await.is_ok(), "the test took longer than {LONGEST:?}");
}
