//! A pool or a transaction on either database.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait as _, Value,
};

use super::{
    error::corrupt,
    guarded::ONE_WRITE,
    postgres::{self, Calls, Sql, arguments},
};

/// Where connections come from.
#[derive(Clone)]
pub(crate) enum Source {
    Postgres(postgres::Pool),
    Sqlite(DatabaseConnection),
}

/// A transaction.
pub(crate) enum Txn {
    Postgres(postgres::Transaction),
    Sqlite(DatabaseTransaction),
}

impl Source {
    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Txn, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match self {
            Self::Postgres(pool) => pool.begin().await.map(Txn::Postgres),
            Self::Sqlite(pool) => pool.begin_with_options(options).await.map(Txn::Sqlite),
        }
    }

    /// Begins a transaction with calls in the same breath, on PostgreSQL alone.
    pub(crate) async fn begin_asking(&self, calls: Calls<'_>) -> Result<(Txn, Vec<Vec<QueryResult>>), DbErr> {
        match self {
            Self::Postgres(pool) => {
                let (txn, answers) = pool.begin_asking(calls).await?;
                Ok((Txn::Postgres(txn), answers))
            }
            Self::Sqlite(_) => Err(misled()),
        }
    }

    /// Calls that are a transaction by themselves, on PostgreSQL alone.
    pub(crate) async fn at_once(&self, calls: Calls<'_>) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        self.postgres()?.at_once(calls).await
    }

    /// PostgreSQL's own, where this is one of its pools.
    pub(crate) fn postgres(&self) -> Result<&postgres::Pool, DbErr> {
        match self {
            Self::Postgres(pool) => Ok(pool),
            Self::Sqlite(_) => Err(misled()),
        }
    }

    /// How many bytes of values a PostgreSQL statement should carry at most.
    pub(crate) fn one_write(&self) -> usize {
        match self {
            Self::Postgres(pool) => pool.one_write(),
            Self::Sqlite(_) => ONE_WRITE,
        }
    }

    /// How many connections are used, how many lie idle, and, where that is known, how many callers wait for one.
    pub(crate) fn figures(&self) -> (usize, usize, Option<usize>) {
        match self {
            Self::Postgres(pool) => {
                let (in_use, idle, waiting) = pool.figures();
                (in_use, idle, Some(waiting))
            }
            Self::Sqlite(pool) => {
                let pool = pool.get_sqlite_connection_pool();
                let (open, idle) = (usize::try_from(pool.size()).unwrap_or(usize::MAX), pool.num_idle());
                (open.saturating_sub(idle), idle, None)
            }
        }
    }

    /// Waits for those who are at work, and closes the connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(pool) => drop(pool.close_by_ref().await), // it is closed either way
        }
    }
}

impl Txn {
    /// How many bytes of values a PostgreSQL statement should carry at most.
    pub(crate) const fn one_write(&self) -> usize {
        match self {
            Self::Postgres(txn) => txn.one_write(),
            Self::Sqlite(_) => ONE_WRITE,
        }
    }

    /// PostgreSQL's own, where this is one of its transactions.
    pub(crate) fn postgres(&self) -> Result<&postgres::Transaction, DbErr> {
        match self {
            Self::Postgres(txn) => Ok(txn),
            Self::Sqlite(_) => Err(misled()),
        }
    }

    /// Commits in the same breath as a last call, on PostgreSQL alone.
    pub(crate) async fn commit_after(self, call: &str) -> Result<(), DbErr> {
        match self {
            Self::Postgres(txn) => txn.commit_after(call).await,
            Self::Sqlite(_) => Err(misled()),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(txn) => txn.commit().await,
            Self::Sqlite(txn) => txn.commit().await,
        }
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(txn) => txn.rollback().await,
            Self::Sqlite(txn) => txn.rollback().await,
        }
    }
}

fn misled() -> DbErr {
    corrupt("what PostgreSQL alone understands went to SQLite")
}

/// What takes hand-written statements, with `$1`, `$2` … for their values.
pub(crate) trait Link: ConnectionTrait {
    fn rows(&self, sql: Sql, values: Vec<Value>) -> impl Future<Output = Result<Vec<QueryResult>, DbErr>> + Send;

    fn row(&self, sql: Sql, values: Vec<Value>) -> impl Future<Output = Result<Option<QueryResult>, DbErr>> + Send;

    fn run(&self, sql: Sql, values: Vec<Value>) -> impl Future<Output = Result<ExecResult, DbErr>> + Send;
}

fn sqlite(sql: Sql, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

macro_rules! link {
    ($name:ident) => {
        impl Link for $name {
            async fn rows(&self, sql: Sql, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
                match self {
                    Self::Postgres(link) => link.rows(sql, arguments(values)).await,
                    Self::Sqlite(link) => link.query_all_raw(sqlite(sql, values)).await,
                }
            }

            async fn row(&self, sql: Sql, values: Vec<Value>) -> Result<Option<QueryResult>, DbErr> {
                match self {
                    Self::Postgres(link) => link.row(sql, arguments(values)).await,
                    Self::Sqlite(link) => link.query_one_raw(sqlite(sql, values)).await,
                }
            }

            async fn run(&self, sql: Sql, values: Vec<Value>) -> Result<ExecResult, DbErr> {
                match self {
                    Self::Postgres(link) => link.run(sql, arguments(values)).await,
                    Self::Sqlite(link) => link.execute_raw(sqlite(sql, values)).await,
                }
            }
        }

        /// For sea-orm's own queries.
        #[async_trait]
        impl ConnectionTrait for $name {
            fn get_database_backend(&self) -> DbBackend {
                match self {
                    Self::Postgres(_) => DbBackend::Postgres,
                    Self::Sqlite(_) => DbBackend::Sqlite,
                }
            }

            async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
                match self {
                    Self::Postgres(link) => link.execute_raw(stmt).await,
                    Self::Sqlite(link) => link.execute_raw(stmt).await,
                }
            }

            async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
                match self {
                    Self::Postgres(link) => link.execute_unprepared(sql).await,
                    Self::Sqlite(link) => link.execute_unprepared(sql).await,
                }
            }

            async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
                match self {
                    Self::Postgres(link) => link.query_one_raw(stmt).await,
                    Self::Sqlite(link) => link.query_one_raw(stmt).await,
                }
            }

            async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
                match self {
                    Self::Postgres(link) => link.query_all_raw(stmt).await,
                    Self::Sqlite(link) => link.query_all_raw(stmt).await,
                }
            }
        }
    };
}

link!(Source);
link!(Txn);
