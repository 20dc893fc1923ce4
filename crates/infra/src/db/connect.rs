//! Opens the pools: one for PostgreSQL; for SQLite one connection that writes and a few that read.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use rondo_domain::store::StoreError;
use sea_orm::{
    DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector,
    sqlx::{
        self, ConnectOptions as _,
        pool::PoolOptions,
        postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    },
};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{error::store_sqlx, guarded::Doubt, link::Source, postgres};

/// How long anybody waits for a connection, the making of a new one included.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How many connections to PostgreSQL write batches: one the messages, and one the new sessions and, in turn with them, what
/// overtakes messages that are held up.
const WRITERS: u32 = 2;
/// How many connections read a SQLite file beside the one that writes.
const READERS: u32 = 4;

/// The opened pools. Some of them are the same.
pub(super) struct Pools {
    /// Transactions of requests.
    pub(super) units: Source,
    /// Batches of messages and of new sessions.
    pub(super) lane: Source,
    /// Reads.
    pub(super) reader: Source,
    pub(super) scratch: Option<Arc<Scratch>>,
}

/// Opens a PostgreSQL database.
pub(super) async fn postgres(url: &str, max_connections: u32, doubt: &Doubt) -> Result<Pools, StoreError> {
    let (options, absence) = (served(postgres_options(url)?), postgres::Absence::none());
    let open_lane =
        async |options: &PgConnectOptions| postgres::Pool::open(lane(options), WRITERS, doubt, &absence).await;
    let (options, writer) = match plain(&options) {
        Some(plain) => match open_lane(&plain).await {
            Err(error) if wants_more(&error) => (options.clone(), open_lane(&options).await),
            writer => (plain, writer),
        },
        None => (options.clone(), open_lane(&options).await),
    };
    let writer = writer.map_err(store_sqlx)?;
    let shared = max_connections.saturating_sub(WRITERS).max(WRITERS);
    let shared = Source::Postgres(postgres::Pool::open(options, shared, doubt, &absence).await.map_err(store_sqlx)?);
    Ok(Pools { units: shared.clone(), lane: Source::Postgres(writer), reader: shared, scratch: None })
}

/// Without encryption where it would hide nothing: what goes to this machine itself leaves it nowhere. Only where the
/// address leaves the choice.
fn plain(options: &PgConnectOptions) -> Option<PgConnectOptions> {
    let has_choice = matches!(options.get_ssl_mode(), PgSslMode::Prefer);
    (has_choice && postgres::is_here(options)).then(|| options.clone().ssl_mode(PgSslMode::Disable))
}

/// Whether the server let nobody in without encryption (28000, `invalid_authorization_specification`).
fn wants_more(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("28000"))
}

/// How a connection behaves that serves requests.
fn served(options: PgConnectOptions) -> PgConnectOptions {
    options.options([
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("synchronous_commit", "on"),
        // Every statement here finds its rows by an index, and most in the order of one. A plan that was made while a
        // table was empty would read and sort all of it instead, and is kept for as long as nobody analyses the table.
        ("enable_seqscan", "off"),
        ("enable_bitmapscan", "off"),
        ("enable_sort", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("jit", "off"),
    ])
}

/// How a connection of the writer behaves. Its few statements take arrays, for which the server would make a plan anew each
/// time: that of a call with one row looks cheaper than the one that is kept for any number, and it is the same.
fn lane(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().options([("plan_cache_mode", "force_generic_plan")])
}

/// One connection of its own, for work that takes longer than a request.
pub(super) async fn postgres_alone(url: &str) -> Result<DatabaseConnection, StoreError> {
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(postgres_options(url)?).await.map_err(store_sqlx)?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

fn postgres_options(url: &str) -> Result<PgConnectOptions, StoreError> {
    // Without the parser's own words: they may hold the password.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| StoreError::Corrupt("the database's address is no PostgreSQL address".to_owned()))?;
    Ok(options.application_name("rondo").disable_statement_logging())
}

/// Opens a SQLite file, making it and its folder.
pub(super) async fn sqlite(url: &str) -> Result<Pools, StoreError> {
    let scratch = if in_memory(url) { Some(Arc::new(Scratch::new()?)) } else { None };
    let options = match &scratch {
        Some(scratch) => SqliteConnectOptions::new().filename(scratch.0.join("rondo.db")),
        None => SqliteConnectOptions::from_str(url)
            .map_err(|error| StoreError::Corrupt(format!("the database's address is no SQLite address: {error}")))?,
    };
    if let Some(folder) = options.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder)?;
    }
    make_private(options.get_filename())?;
    let durable = if scratch.is_some() { SqliteSynchronous::Off } else { SqliteSynchronous::Full };
    let common = options.create_if_missing(true).foreign_keys(true).busy_timeout(ACQUIRE).disable_statement_logging();
    let writer = open(
        SqlitePoolOptions::new().max_connections(1),
        common.clone().journal_mode(SqliteJournalMode::Wal).synchronous(durable),
    )
    .await?;
    let reader = open(SqlitePoolOptions::new().max_connections(READERS), common.pragma("query_only", "on")).await?;
    let (writer, reader) = (Source::Sqlite(writer), Source::Sqlite(reader));
    Ok(Pools { units: writer.clone(), lane: writer, reader, scratch })
}

async fn open(
    pool: PoolOptions<sqlx::Sqlite>,
    options: SqliteConnectOptions,
) -> Result<DatabaseConnection, StoreError> {
    let pool = pool.acquire_timeout(ACQUIRE).test_before_acquire(false).idle_timeout(None).max_lifetime(None);
    let deadline = Instant::now() + ACQUIRE;
    loop {
        match pool.clone().connect_with(options.clone()).await.map_err(store_sqlx) {
            Ok(pool) => return Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)),
            // Two nodes that turn a new file to WAL at once are not held back by the busy timeout.
            Err(StoreError::Unavailable(_)) if Instant::now() < deadline => sleep(Duration::from_millis(20)).await,
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

/// Makes the file, where it is missing, for its owner alone: it holds password hashes. SQLite gives what lies beside it
/// the same mode.
fn make_private(file: &Path) -> Result<(), StoreError> {
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::Unavailable(format!("cannot make the file {}: {error}", file.display())))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(folder)
        .map_err(|error| StoreError::Unavailable(format!("cannot make the folder {}: {error}", folder.display())))
}

/// Where an "in memory" database lives: a file that goes with it, since readers beside a writer need WAL, and WAL a file.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, StoreError> {
        let folder = std::env::temp_dir().join(format!("rondo-{}", Uuid::new_v4()));
        make_folder(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // what the system's temporary folder keeps longer harms nobody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_folder_goes_with_its_database() {
        let scratch = Scratch::new().unwrap();
        let folder = scratch.0.clone();
        assert!(folder.is_dir());
        drop(scratch);
        assert!(!folder.exists());
    }

    #[test]
    fn an_in_memory_database_is_known_by_its_address() {
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://x?mode=memory"] {
            assert!(in_memory(url), "{url}");
        }
        assert!(!in_memory("sqlite://data/rondo.db?mode=rwc"));
    }
}
