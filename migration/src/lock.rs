//! Lets one node at a time change the schema, so that several may start at once.

use std::{
    fs::{File, TryLockError},
    time::Duration,
};

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::time::{Instant, sleep};

/// How long a node waits while another one migrates.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it looks whether the file's lock is free: [`File::lock`] cannot be told when to stop waiting.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Any number that nobody else takes in this database: `rondo` in ASCII.
const ADVISORY_KEY: i64 = 0x0072_6f6e_646f;

/// The right to change the schema.
pub(crate) enum Guard {
    Advisory,
    File {
        _locked: File,
    },
    /// The database lives in this process's memory: there is nobody to lock out.
    Private,
}

/// Waits for the right to change the schema.
pub(crate) async fn acquire(db: &DatabaseConnection) -> Result<Guard, DbErr> {
    match db.get_database_backend() {
        DbBackend::Postgres => advisory(db).await,
        DbBackend::Sqlite => file(db).await,
        _ => Err(DbErr::Custom("only PostgreSQL and SQLite are known here".to_owned())),
    }
}

impl Guard {
    /// Gives the right back, whatever came of the work, and then says what did.
    pub(crate) async fn release(self, db: &DatabaseConnection, outcome: Result<(), DbErr>) -> Result<(), DbErr> {
        if matches!(self, Self::Advisory) {
            let unlock = Statement::from_sql_and_values(
                DbBackend::Postgres,
                "SELECT pg_advisory_unlock($1)",
                [ADVISORY_KEY.into()],
            );
            outcome.and(db.execute_raw(unlock).await.map(|_| ()))
        } else {
            outcome
        }
    }
}

async fn advisory(db: &DatabaseConnection) -> Result<Guard, DbErr> {
    if db.get_postgres_connection_pool().options().get_max_connections() != 1 {
        return Err(DbErr::Custom("migrations need a pool of exactly one connection".to_owned()));
    }
    let patience = format!("SET lock_timeout = {}", PATIENCE.as_millis());
    db.execute_unprepared(&patience).await?;
    let lock =
        Statement::from_sql_and_values(DbBackend::Postgres, "SELECT pg_advisory_lock($1)", [ADVISORY_KEY.into()]);
    db.execute_raw(lock).await?;
    Ok(Guard::Advisory)
}

async fn file(db: &DatabaseConnection) -> Result<Guard, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, "PRAGMA database_list")).await?;
    let main = rows.first().ok_or_else(|| DbErr::Custom("SQLite names no database".to_owned()))?;
    let path: String = main.try_get_by_index(2)?;
    if path.is_empty() {
        return Ok(Guard::Private);
    }
    let io = |error: std::io::Error| DbErr::Custom(format!("cannot lock {path}.lock: {error}"));
    let locked = File::options().create(true).truncate(false).write(true).open(format!("{path}.lock")).map_err(io)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match locked.try_lock() {
            Ok(()) => return Ok(Guard::File { _locked: locked }),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOOK_EVERY).await,
            Err(error) => return Err(io(error.into())),
        }
    }
}
