//! The database: PostgreSQL or SQLite behind the same repositories.

mod accounts;
mod backup;
mod bulk;
mod connect;
mod copy;
#[expect(unreachable_pub, reason = "sea-orm's derives want their items public; the module is not")]
mod entity;
mod error;
mod guarded;
mod invitations;
mod keys;
mod link;
mod lists;
mod log;
mod messages;
mod notifications;
mod page;
mod personal;
mod postgres;
mod retention;
mod rows;
mod sessions;
mod store;
mod traces;
mod unit;
mod verify;
mod whole;
pub mod writer;

use std::{sync::Arc, time::Duration};

use rondo_domain::{
    bus::Bus,
    clock::Clock,
    event::EventEncoder,
    measure::{PoolFigures, Pools},
    store::StoreError,
};
use sea_orm::DatabaseConnection;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

pub use self::{
    backup::backup,
    copy::{Contents, Copied, copy},
    retention::{Retention, RetentionSettings, Swept},
    store::SqlStore,
    verify::{Finding, examine, verify},
    whole::WholeError,
};
use self::{
    guarded::{Doubt, Guarded},
    link::Source,
};

/// Reads whose cost does not grow with what they leave out; named for the test that looks at their plans.
#[doc(hidden)]
pub const BOUNDED_READS: [(&str, &str); 7] = [
    ("messages before", messages::SEEN_BEFORE),
    ("messages after", messages::SEEN_AFTER),
    ("events", log::EVENTS),
    ("members", sessions::MEMBERS),
    ("sessions", sessions::OF_USER_OR_NEWEST),
    ("mentions", notifications::MENTIONS_POSTGRES),
    ("acceptances", personal::ACCEPTED),
];

/// How long a pool may take to close.
const CLOSING: Duration = Duration::from_secs(5);

/// Where the database is.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `postgres://…` or `sqlite://…`. `sqlite::memory:` lives in a file that goes with it.
    pub url: SecretString,
    /// How many connections to PostgreSQL a node may hold, four at least; two of them write batches, of messages and of new
    /// sessions. SQLite has its own count.
    pub max_connections: u32,
}

impl DatabaseSettings {
    /// An address, with 16 connections.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: SecretString::from(url.into()), max_connections: 16 }
    }

    fn is_postgres(&self) -> bool {
        let url = self.url.expose_secret();
        url.starts_with("postgres://") || url.starts_with("postgresql://")
    }

    fn is_sqlite(&self) -> bool {
        self.url.expose_secret().starts_with("sqlite:")
    }
}

/// An open database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    settings: DatabaseSettings,
    units: Guarded<Source>,
    lane: Guarded<Source>,
    reader: Guarded<Source>,
    /// Kept for as long as anybody may read the file in it.
    _scratch: Option<Arc<connect::Scratch>>,
}

impl Database {
    /// Opens the database; a SQLite file and its folder are made when they are missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be reached within 5 s, [`StoreError::Corrupt`] when the address makes
    /// no sense. Neither shows the address.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let doubt = Doubt::none();
        let url = settings.url.expose_secret();
        let pools = if settings.is_postgres() {
            connect::postgres(url, settings.max_connections, &doubt).await?
        } else if settings.is_sqlite() {
            connect::sqlite(url).await?
        } else {
            return Err(StoreError::corrupt("the database's address begins with neither postgres:// nor sqlite:"));
        };
        Ok(Self {
            settings: settings.clone(),
            units: Guarded::new(pools.units, doubt.clone()),
            lane: Guarded::new(pools.lane, doubt.clone()),
            reader: Guarded::new(pools.reader, doubt),
            _scratch: pools.scratch,
        })
    }

    /// Brings the schema up to date. Several nodes may do so at once: one works, the others wait, up to a minute.
    ///
    /// # Errors
    /// What the database says.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let alone = self.alone().await?;
        let outcome = rondo_migration::migrate(&alone).await;
        self.give_back(alone).await;
        outcome.map_err(error::store)
    }

    /// Takes the newest `steps` changes of the schema back, or all: what is in their tables is lost.
    ///
    /// # Errors
    /// What the database says.
    pub async fn revert(&self, steps: Option<u32>) -> Result<(), StoreError> {
        let alone = self.alone().await?;
        let outcome = rondo_migration::revert(&alone, steps).await;
        self.give_back(alone).await;
        outcome.map_err(error::store)
    }

    /// The domain's store on this database.
    pub fn store(&self, bus: Arc<dyn Bus>, encoder: Arc<dyn EventEncoder>, clock: Arc<dyn Clock>) -> Arc<SqlStore> {
        Arc::new(SqlStore::new(self.clone(), bus, encoder, clock))
    }

    /// Closes all connections, waiting 5 s at most for those in use.
    pub async fn close(self) {
        for pool in [self.reader, self.units, self.lane] {
            if timeout(CLOSING, pool.inner().close()).await.is_err() {
                tracing::warn!("a database connection was still in use when its pool closed");
            }
        }
    }

    /// A pool of exactly one connection: SQLite's writer is one, PostgreSQL gets one of its own.
    async fn alone(&self) -> Result<DatabaseConnection, StoreError> {
        match self.units.inner() {
            Source::Postgres(_) => connect::postgres_alone(self.settings.url.expose_secret()).await,
            Source::Sqlite(writer) => Ok(writer.clone()),
        }
    }

    async fn give_back(&self, alone: DatabaseConnection) {
        if self.settings.is_postgres() && timeout(CLOSING, alone.close()).await.is_err() {
            tracing::warn!("the connection that changed the schema did not close in time");
        }
    }
}

impl Pools for Database {
    fn read(&self) -> Vec<PoolFigures> {
        let shared = match self.units.inner() {
            Source::Postgres(_) => &[("requests", &self.units), ("writer", &self.lane)],
            Source::Sqlite(_) => &[("readers", &self.reader), ("writer", &self.lane)],
        };
        let read = |(pool, source): &(&'static str, &Guarded<Source>)| {
            let (in_use, idle, waiting) = source.inner().figures();
            PoolFigures { pool, in_use: in_use as u64, idle: idle as u64, waiting: waiting.map(|count| count as u64) }
        };
        shared.iter().map(read).collect()
    }
}
