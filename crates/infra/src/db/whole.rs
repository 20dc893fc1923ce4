//! Work on a database as a whole, past all pools: one connection, and one snapshot of everything.

use std::{error::Error, fmt, path::Path, str::FromStr as _, time::Duration};

use rondo_domain::store::StoreError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, QueryResult,
    SqliteTransactionMode, SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait, Value,
    sqlx::{
        ConnectOptions as _,
        sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
    },
};

use super::{DatabaseSettings, connect, error::store_sqlx};

/// How long a SQLite file may be in others' hands before it counts as not to be had.
const BUSY: Duration = Duration::from_secs(10);

/// Why work on a whole database was given up, in words for whoever runs the machine. Shows no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeError(String);

impl WholeError {
    pub(super) fn new(what: impl fmt::Display) -> Self {
        Self(what.to_string())
    }
}

impl fmt::Display for WholeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for WholeError {}

impl From<DbErr> for WholeError {
    fn from(error: DbErr) -> Self {
        Self(format!("the database said: {error}"))
    }
}

impl From<StoreError> for WholeError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// What is done with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Nothing is changed, not even by accident.
    Read,
    /// It is filled.
    Fill,
}

/// One connection of its own. A SQLite file must be there already.
pub(super) async fn open(settings: &DatabaseSettings, purpose: Purpose) -> Result<DatabaseConnection, WholeError> {
    use secrecy::ExposeSecret as _;
    let url = settings.url.expose_secret();
    if settings.is_postgres() {
        Ok(connect::postgres_alone(url).await?)
    } else if settings.is_sqlite() {
        sqlite(url, purpose).await
    } else {
        Err(WholeError::new("the database's address begins with neither postgres:// nor sqlite:"))
    }
}

async fn sqlite(url: &str, purpose: Purpose) -> Result<DatabaseConnection, WholeError> {
    if connect::in_memory(url) {
        return Err(WholeError::new("a database in memory is nobody's but the process that made it"));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| WholeError::new(format!("the database's address is no SQLite address: {error}")))?;
    sqlite_with(options, purpose).await
}

/// As [`open`], of a SQLite file.
pub(super) async fn open_file(file: &Path, purpose: Purpose) -> Result<DatabaseConnection, WholeError> {
    sqlite_with(SqliteConnectOptions::new().filename(file), purpose).await
}

async fn sqlite_with(options: SqliteConnectOptions, purpose: Purpose) -> Result<DatabaseConnection, WholeError> {
    let file = options.get_filename().to_path_buf();
    if !file.is_file() {
        return Err(WholeError::new(format!("there is no file {}", file.display())));
    }
    let options = options
        .create_if_missing(false)
        .read_only(purpose == Purpose::Read)
        .foreign_keys(purpose == Purpose::Fill)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).acquire_timeout(BUSY);
    let pool = pool.connect_with(options).await.map_err(|error| {
        WholeError::new(format!("the file {} cannot be opened: {}", file.display(), store_sqlx(error)))
    })?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// A transaction that sees everything as it is now, and nothing of what comes after, for as long as it takes.
pub(super) async fn snapshot(connection: &DatabaseConnection) -> Result<DatabaseTransaction, WholeError> {
    let postgres = connection.get_database_backend() == DbBackend::Postgres;
    let options = TransactionOptions {
        isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
        ..TransactionOptions::default()
    };
    let txn = connection.begin_with_options(options).await?;
    if postgres {
        txn.execute_unprepared("SET TRANSACTION READ ONLY").await?;
        unhurried(&txn).await?;
    }
    Ok(txn)
}

/// A transaction that writes, for as long as it takes.
pub(super) async fn writing(connection: &DatabaseConnection) -> Result<DatabaseTransaction, WholeError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let txn = connection.begin_with_options(options).await?;
    if txn.get_database_backend() == DbBackend::Postgres {
        unhurried(&txn).await?;
    }
    Ok(txn)
}

async fn unhurried(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    for setting in ["statement_timeout", "idle_in_transaction_session_timeout"] {
        txn.execute_unprepared(&format!("SET LOCAL {setting} = 0")).await?;
    }
    Ok(())
}

/// All rows of a statement with `$1`, `$2` … for its values.
pub(super) async fn rows<C: ConnectionTrait>(
    connection: &C,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.query_all_raw(statement).await
}

/// The number that a statement gives.
pub(super) async fn number<C: ConnectionTrait>(connection: &C, sql: impl Into<String>) -> Result<i64, DbErr> {
    match rows(connection, sql, []).await?.first() {
        Some(row) => row.try_get_by_index(0),
        None => Ok(0),
    }
}

/// Insists that the schema is the one of this release.
pub(super) async fn of_this_release<C: ConnectionTrait>(connection: &C) -> Result<(), WholeError> {
    const APPLIED: &str = "SELECT version FROM seaql_migrations ORDER BY version";
    let applied = rows(connection, APPLIED, []).await;
    let applied = applied.map_err(|_| WholeError::new("it holds no schema of Rondo: `rondo migrate` makes one"))?;
    let applied = applied.iter().map(|row| row.try_get_by_index(0)).collect::<Result<Vec<String>, _>>()?;
    let known = rondo_migration::versions();
    if let Some(change) = applied.iter().find(|change| !known.contains(change)) {
        return Err(WholeError::new(format!("its schema is of a later release ({change}): use that release's rondo")));
    }
    match known.iter().find(|change| !applied.contains(change)) {
        None => Ok(()),
        Some(change) => Err(WholeError::new(format!(
            "its schema is of an earlier release (without {change}): `rondo migrate` brings it up to date"
        ))),
    }
}
