//! A transaction on one connection. Dropped before it is committed, it rolls back.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, sqlx::postgres::PgArguments};
use tokio::sync::Mutex;

use super::{
    lease::{Calls, Lease},
    statement::{self, Sql},
};

/// A transaction. Its statements run one after the other.
pub(crate) struct Transaction {
    lease: Mutex<Lease>,
    one_write: usize,
}

impl Transaction {
    pub(super) async fn begin(mut lease: Lease, one_write: usize) -> Result<Self, DbErr> {
        lease.begin().await?;
        Ok(Self { lease: Mutex::new(lease), one_write })
    }

    pub(super) async fn begin_asking(
        mut lease: Lease,
        one_write: usize,
        calls: Calls<'_>,
    ) -> Result<(Self, Vec<Vec<QueryResult>>), DbErr> {
        let rows = lease.begin_asking(calls).await?;
        Ok((Self { lease: Mutex::new(lease), one_write }, rows))
    }

    /// How many bytes of values a statement should carry at most.
    pub(crate) const fn one_write(&self) -> usize {
        self.one_write
    }

    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.lease.into_inner().end("COMMIT").await
    }

    /// Commits in the same breath as a last call, see [`Calls`] for where it is prepared.
    pub(crate) async fn commit_after(self, call: &str) -> Result<(), DbErr> {
        self.lease.into_inner().commit_after(call).await
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        self.lease.into_inner().end("ROLLBACK").await
    }

    /// All rows of a statement.
    pub(crate) async fn rows(&self, sql: Sql, arguments: PgArguments) -> Result<Vec<QueryResult>, DbErr> {
        self.lease.lock().await.rows(sql, arguments).await
    }

    /// At most one row.
    pub(crate) async fn row(&self, sql: Sql, arguments: PgArguments) -> Result<Option<QueryResult>, DbErr> {
        self.lease.lock().await.row(sql, arguments).await
    }

    /// Runs a statement that gives no rows.
    pub(crate) async fn run(&self, sql: Sql, arguments: PgArguments) -> Result<ExecResult, DbErr> {
        self.lease.lock().await.run(sql, arguments).await
    }
}

/// For sea-orm's own queries.
#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        let (sql, arguments) = statement::parts(stmt);
        self.run(sql, arguments).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lease.lock().await.run_plain(sql.to_owned().into()).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (sql, arguments) = statement::parts(stmt);
        self.row(sql, arguments).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (sql, arguments) = statement::parts(stmt);
        self.rows(sql, arguments).await
    }
}
