//! A connection in somebody's hands.

use std::{mem, sync::Arc, time::Duration};

use futures_util::{Stream, TryStreamExt as _};
use sea_orm::{
    DbErr, ExecResult, QueryResult, RuntimeErr, SqlxError,
    sqlx::{
        self, AssertSqlSafe, Connection as _, Either, Executor as _,
        postgres::{PgArguments, PgQueryResult, PgRow},
    },
};
use tokio::{runtime::Handle, time::timeout};

use super::{
    pool::{Live, Shared},
    statement::Sql,
};

/// How long a connection that somebody dropped in the middle of a statement may take to come to its senses: as long as
/// the longest statement, and a little more.
const MENDING: Duration = Duration::from_secs(12);

/// A connection, or the right to make one. It goes back when this is dropped, in whatever state it is.
pub(super) struct Lease {
    pub(super) live: Option<Live>,
    /// How long it had idled before.
    pub(super) idle_for: Duration,
    shared: Arc<Shared>,
    state: State,
    in_transaction: bool,
    /// Whether this counts for nothing any more.
    dissolved: bool,
}

/// Statements that go out together, with `BEGIN` before them or by themselves, see [`Call`](super::Call). Each sees what was
/// committed before it began, as those do that go out alone.
#[derive(Clone, Copy)]
pub(crate) struct Calls<'a> {
    /// Said once on each connection: what is called here, or at the end of the transaction, so that it need not be planned
    /// again.
    pub(crate) prepare: &'static str,
    /// Calls, with semicolons between them.
    pub(crate) ask: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// A statement is under way. If it is dropped there, its answer is still to come.
    Busy,
    Broken,
}

impl Lease {
    pub(super) fn new(shared: Arc<Shared>, live: Option<Live>, idle_for: Duration) -> Self {
        Self { live, idle_for, shared, state: State::Ready, in_transaction: false, dissolved: false }
    }

    /// Takes the connection out; nothing goes back.
    pub(super) fn dissolve(&mut self) -> Option<Live> {
        self.dissolved = true;
        self.live.take()
    }

    pub(super) async fn begin(&mut self) -> Result<(), DbErr> {
        self.in_transaction = true; // before it is: whoever is dropped here leaves one behind
        self.run_plain("BEGIN".into()).await.map(|_| ())
    }

    /// Gives the rows of each statement.
    pub(super) async fn begin_asking(&mut self, calls: Calls<'_>) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        self.prepare(calls.prepare).await?;
        self.in_transaction = true;
        let mut answers = self.ask(format!("BEGIN; {}", calls.ask)).await?;
        answers.remove(0); // of `BEGIN`
        Ok(answers)
    }

    /// Calls in one message of the simple protocol: a transaction by themselves, of which nothing is done when one fails. Gives
    /// the rows of each.
    /// <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT>
    pub(super) async fn at_once(&mut self, calls: Calls<'_>) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        self.prepare(calls.prepare).await?;
        self.ask(calls.ask.to_owned()).await
    }

    /// Says several statements at once; gives the rows of each.
    async fn ask(&mut self, sql: String) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        let live = self.busy()?;
        let outcome = answers(live.connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(sql)))).await;
        self.settled(outcome).map_err(query_error)
    }

    /// Sees to it that what is called here was prepared.
    async fn prepare(&mut self, prepare: &'static str) -> Result<(), DbErr> {
        if self.live.as_ref().is_some_and(|live| live.is_prepared) {
            return Ok(());
        }
        match self.run_plain(prepare.into()).await {
            Err(error) if !is_prepared_already(&error) => return Err(error),
            _ => {}
        }
        if let Some(live) = &mut self.live {
            live.is_prepared = true;
        }
        Ok(())
    }

    /// A last call and `COMMIT`, which is not obeyed where the call fails.
    pub(super) async fn commit_after(&mut self, call: &str) -> Result<(), DbErr> {
        self.run_plain(format!("{call}; COMMIT").into()).await?;
        self.in_transaction = false;
        Ok(())
    }

    /// `COMMIT` or `ROLLBACK`.
    pub(super) async fn end(&mut self, how: &'static str) -> Result<(), DbErr> {
        self.run_plain(how.into()).await?;
        self.in_transaction = false;
        Ok(())
    }

    pub(super) async fn rows(&mut self, sql: Sql, arguments: PgArguments) -> Result<Vec<QueryResult>, DbErr> {
        let live = self.busy()?;
        let outcome = sqlx::query_with(AssertSqlSafe(sql), arguments).fetch_all(&mut live.connection).await;
        let rows = self.settled(outcome).map_err(query_error)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    pub(super) async fn row(&mut self, sql: Sql, arguments: PgArguments) -> Result<Option<QueryResult>, DbErr> {
        let live = self.busy()?;
        let outcome = sqlx::query_with(AssertSqlSafe(sql), arguments).fetch_optional(&mut live.connection).await;
        Ok(self.settled(outcome).map_err(query_error)?.map(Into::into))
    }

    pub(super) async fn run(&mut self, sql: Sql, arguments: PgArguments) -> Result<ExecResult, DbErr> {
        let live = self.busy()?;
        let outcome = sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut live.connection).await;
        self.settled(outcome).map(Into::into).map_err(exec_error)
    }

    /// Without preparing it.
    pub(super) async fn run_plain(&mut self, sql: Sql) -> Result<ExecResult, DbErr> {
        let live = self.busy()?;
        let outcome = live.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
        self.settled(outcome).map(Into::into).map_err(exec_error)
    }

    fn busy(&mut self) -> Result<&mut Live, DbErr> {
        match &mut self.live {
            Some(live) if self.state != State::Broken => {
                self.state = State::Busy;
                Ok(live)
            }
            _ => Err(DbErr::Conn(RuntimeErr::Internal("the connection broke before".to_owned()))),
        }
    }

    fn settled<T>(&mut self, outcome: Result<T, SqlxError>) -> Result<T, SqlxError> {
        self.state = match &outcome {
            Err(error) if breaks(error) => State::Broken,
            _ => State::Ready,
        };
        outcome
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.dissolved {
            return;
        }
        let live = self.live.take().filter(|_| self.state != State::Broken);
        if self.state == State::Ready && !self.in_transaction {
            return self.shared.take_back(live);
        }
        let mended = Mended { shared: Arc::clone(&self.shared), live: None };
        if let (Some(live), Ok(handle)) = (live, Handle::try_current()) {
            handle.spawn(mend(mended, live, self.in_transaction));
        }
    }
}

/// Gives back what was mended, or nothing, whatever becomes of the task that mends.
struct Mended {
    shared: Arc<Shared>,
    live: Option<Live>,
}

impl Drop for Mended {
    fn drop(&mut self) {
        self.shared.take_back(self.live.take());
    }
}

/// Waits for the answer that nobody wanted, and ends the transaction.
async fn mend(mut mended: Mended, mut live: Live, in_transaction: bool) {
    let connection = &mut live.connection;
    let work = async {
        if in_transaction {
            connection.execute(sqlx::raw_sql("ROLLBACK")).await.map(|_| ())
        } else {
            connection.ping().await
        }
    };
    if matches!(timeout(MENDING, work).await, Ok(Ok(()))) {
        mended.live = Some(live);
    }
}

/// The rows of each statement, in the order of the statements.
async fn answers(
    mut parts: impl Stream<Item = Result<Either<PgQueryResult, PgRow>, SqlxError>> + Unpin,
) -> Result<Vec<Vec<QueryResult>>, SqlxError> {
    let (mut answers, mut rows) = (Vec::new(), Vec::new());
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Right(row) => rows.push(row.into()),
            Either::Left(_) => answers.push(mem::take(&mut rows)), // the end of a statement
        }
    }
    Ok(answers)
}

/// Whether somebody who was dropped in the middle had come as far as that (42P05, `duplicate_prepared_statement`).
fn is_prepared_already(error: &DbErr) -> bool {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) => {
            error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("42P05"))
        }
        _ => false,
    }
}

/// Whether a connection is of no use after this error. What the database itself says of a statement leaves it whole,
/// unless it says that it shuts down.
fn breaks(error: &SqlxError) -> bool {
    match error {
        SqlxError::Database(error) => error.code().is_none_or(|code| code.starts_with("57P") || code.starts_with("08")),
        SqlxError::RowNotFound | SqlxError::Encode(_) | SqlxError::Decode(_) | SqlxError::ColumnDecode { .. } => false,
        _ => true,
    }
}

fn query_error(error: SqlxError) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn exec_error(error: SqlxError) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}
