//! A connection on which no statement waits without end, and each is counted.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use rondo_domain::meter::count_query;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, Value,
    sqlx::postgres::PgArguments,
};
use tokio::time::{Instant, timeout};

use super::{
    error,
    link::{Link, Source, Txn},
    postgres::{Calls, Sql},
};

/// How long a statement may take. Beyond what the database itself allows one (10 s), so that a slow statement ends
/// there, and only a database that no longer speaks is given up here.
const DEADLINE: Duration = Duration::from_secs(15);
/// How many bytes of values a PostgreSQL statement should carry at most, unless the server is on this machine. What is longer than one TLS record leaves in
/// several writes, and sqlx 0.9.0 leaves Nagle's algorithm on (its issue 4335, mended after that release): the last write
/// then waits some 40 ms for the server's delayed acknowledgement. Several statements take far less.
pub(crate) const ONE_WRITE: usize = 15_000;
/// How long doubt stands.
const DOUBTED_FOR: Duration = Duration::from_mins(1);

/// Whether the database was lately away. While that stands, connections are asked whether they live when they leave the
/// pool and when they come back, so that a restart of the database costs one failed request and not one per connection.
#[derive(Clone)]
pub(crate) struct Doubt {
    begun: Instant,
    until_ms: Arc<AtomicU64>,
}

impl Doubt {
    pub(crate) fn none() -> Self {
        Self { begun: Instant::now(), until_ms: Arc::default() }
    }

    fn raise(&self) {
        self.until_ms.store(self.now() + to_ms(DOUBTED_FOR), Ordering::Relaxed);
    }

    pub(crate) fn stands(&self) -> bool {
        self.now() < self.until_ms.load(Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        to_ms(self.begun.elapsed())
    }

    /// Gives `work` up when it takes too long. Whether it does or fails for want of a database, doubt stands from then on.
    pub(crate) async fn bound<T>(&self, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        let mut work = pin!(work);
        let outcome = timeout(DEADLINE, &mut work).await;
        let outcome = outcome.unwrap_or(Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)));
        if let Err(error) = &outcome
            && error::kind(error) == error::Kind::Unavailable
        {
            self.raise(); // before `work` is dropped and its connection returned: the pool must know by then
        }
        outcome
    }
}

fn to_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A pool or a transaction, with a deadline on each statement.
#[derive(Clone)]
pub(crate) struct Guarded<C> {
    inner: C,
    doubt: Doubt,
}

impl<C> Guarded<C> {
    pub(crate) fn new(inner: C, doubt: Doubt) -> Self {
        Self { inner, doubt }
    }

    pub(crate) fn inner(&self) -> &C {
        &self.inner
    }
}

impl Guarded<Source> {
    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Guarded<Txn>, DbErr> {
        let inner = self.doubt.bound(self.inner.begin()).await?;
        Ok(Guarded { inner, doubt: self.doubt.clone() })
    }
}

impl Guarded<Source> {
    /// See [`Source::begin_asking`].
    pub(crate) async fn begin_asking(&self, calls: Calls<'_>) -> Result<(Guarded<Txn>, Vec<Vec<QueryResult>>), DbErr> {
        count_query();
        let (inner, answers) = self.doubt.bound(self.inner.begin_asking(calls)).await?;
        Ok((Guarded { inner, doubt: self.doubt.clone() }, answers))
    }

    /// See [`Source::at_once`].
    pub(crate) async fn at_once(&self, calls: Calls<'_>) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        count_query();
        self.doubt.bound(self.inner.at_once(calls)).await
    }

    /// How many bytes of values a PostgreSQL statement should carry at most, see [`ONE_WRITE`].
    pub(crate) fn one_write(&self) -> usize {
        self.inner.one_write()
    }

    /// As [`Guarded::run`], on PostgreSQL alone.
    pub(crate) async fn run_with(&self, sql: &'static str, arguments: PgArguments) -> Result<u64, DbErr> {
        count_query();
        Ok(self.doubt.bound(self.inner.postgres()?.run(sql.into(), arguments)).await?.rows_affected())
    }
}

impl Guarded<Txn> {
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.doubt.bound(self.inner.commit()).await
    }

    /// See [`Txn::commit_after`].
    pub(crate) async fn commit_after(self, call: &str) -> Result<(), DbErr> {
        count_query();
        self.doubt.bound(self.inner.commit_after(call)).await
    }

    pub(crate) async fn rollback(self) -> Result<(), DbErr> {
        self.doubt.bound(self.inner.rollback()).await
    }

    /// How many bytes of values a PostgreSQL statement should carry at most, see [`ONE_WRITE`].
    pub(crate) const fn one_write(&self) -> usize {
        self.inner.one_write()
    }

    /// As [`Guarded::rows`], on PostgreSQL alone.
    pub(crate) async fn rows_with(&self, sql: &'static str, arguments: PgArguments) -> Result<Vec<QueryResult>, DbErr> {
        count_query();
        self.doubt.bound(self.inner.postgres()?.rows(sql.into(), arguments)).await
    }

    /// As [`Guarded::run`], on PostgreSQL alone.
    pub(crate) async fn run_with(&self, sql: &'static str, arguments: PgArguments) -> Result<u64, DbErr> {
        count_query();
        Ok(self.doubt.bound(self.inner.postgres()?.run(sql.into(), arguments)).await?.rows_affected())
    }
}

impl<C: Link> Guarded<C> {
    /// At most one row of a statement with `$1`, `$2` … for its values.
    pub(crate) async fn row(
        &self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<QueryResult>, DbErr> {
        count_query();
        self.doubt.bound(self.inner.row(sql.into(), values.into_iter().collect())).await
    }

    /// All rows.
    pub(crate) async fn rows(
        &self,
        sql: impl Into<Sql>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, DbErr> {
        count_query();
        self.doubt.bound(self.inner.rows(sql.into(), values.into_iter().collect())).await
    }

    /// How many rows were written.
    pub(crate) async fn run(&self, sql: impl Into<Sql>, values: impl IntoIterator<Item = Value>) -> Result<u64, DbErr> {
        count_query();
        let done = self.doubt.bound(self.inner.run(sql.into(), values.into_iter().collect())).await?;
        Ok(done.rows_affected())
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.get_database_backend() == DbBackend::Postgres
    }
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Guarded<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        count_query();
        self.doubt.bound(self.inner.execute_raw(stmt)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        count_query();
        self.doubt.bound(self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, stmt: Statement) -> Result<Option<QueryResult>, DbErr> {
        count_query();
        self.doubt.bound(self.inner.query_one_raw(stmt)).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> Result<Vec<QueryResult>, DbErr> {
        count_query();
        self.doubt.bound(self.inner.query_all_raw(stmt)).await
    }

    fn support_returning(&self) -> bool {
        self.inner.support_returning()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_is_given_up_and_leaves_a_doubt_for_a_while() {
        let doubt = Doubt::none();
        assert!(doubt.bound(async { Ok(()) }).await.is_ok());
        assert!(!doubt.stands());
        let outcome = doubt.bound(pending::<Result<(), DbErr>>()).await;
        assert!(matches!(outcome, Err(DbErr::ConnectionAcquire(_))));
        assert!(doubt.stands());
        advance(DOUBTED_FOR).await;
        assert!(!doubt.stands());
    }
}
