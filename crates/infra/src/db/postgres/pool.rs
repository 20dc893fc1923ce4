//! The connections that are open, and who waits for one.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, SqlxError, Statement,
    sqlx::{
        Connection as _,
        postgres::{PgArguments, PgConnectOptions, PgConnection},
    },
};
use tokio::{
    runtime::{self, Handle},
    sync::{Notify, oneshot},
    time::{Instant, sleep, timeout},
};

use super::{
    Absence,
    absence::{comes_up, is_away},
    lease::{Calls, Lease},
    one_write,
    statement::{self, Sql},
    transaction::Transaction,
};
use crate::db::guarded::Doubt;

/// How long anybody waits for a connection, the making of a new one included.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a connection may have idled and still be handed out without a question.
const FRESH: Duration = Duration::from_secs(15);
/// How long a connection may idle before it is closed.
const IDLE: Duration = Duration::from_mins(10);
/// How long a connection lives: what a backend caches for it is not kept for ever.
const LIFETIME: Duration = Duration::from_mins(30);
/// How long a connection that is asked for a sign of life may take.
const ANSWER: Duration = Duration::from_secs(2);
/// One connection in so many goes to whoever has waited longest, on whichever thread, so that nobody starves.
const IN_TURN: u32 = 8;

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

/// What the pool and its leases share.
pub(super) struct Shared {
    options: PgConnectOptions,
    one_write: usize,
    capacity: usize,
    doubt: Doubt,
    absence: Absence,
    state: Mutex<State>,
    emptied: Notify,
}

#[derive(Default)]
struct State {
    /// The last one used stands last, and is used first.
    idle: Vec<Idle>,
    /// How many connections there are, those included that are being made.
    open: usize,
    waiters: VecDeque<Waiter>,
    handed_on: u32,
    closed: bool,
}

struct Idle {
    live: Live,
    since: Instant,
}

struct Waiter {
    home: runtime::Id,
    answer: oneshot::Sender<Lease>,
}

/// An open connection.
pub(super) struct Live {
    pub(super) connection: PgConnection,
    /// The runtime whose reactor watches its socket: elsewhere each answer wakes two threads.
    home: runtime::Id,
    opened: Instant,
    /// Whether [`Calls::prepare`] was said on it.
    pub(super) is_prepared: bool,
}

/// What somebody who asks for a connection is given.
enum Given {
    Lease(Lease),
    Wait(oneshot::Receiver<Lease>),
}

impl Pool {
    /// Opens a pool and its first connection.
    ///
    /// # Errors
    /// What the first connection runs into.
    pub(crate) async fn open(
        options: PgConnectOptions,
        capacity: u32,
        doubt: &Doubt,
        absence: &Absence,
    ) -> Result<Self, SqlxError> {
        let first = connect(&options, comes_up).await?;
        let state = State { idle: vec![Idle { live: first, since: Instant::now() }], open: 1, ..State::default() };
        Ok(Self(Arc::new(Shared {
            one_write: one_write(&options),
            options,
            capacity: usize::try_from(capacity).unwrap_or(usize::MAX).max(1),
            doubt: doubt.clone(),
            absence: absence.clone(),
            state: Mutex::new(state),
            emptied: Notify::new(),
        })))
    }

    /// How many connections are used, how many lie idle, and how many callers wait for one.
    pub(crate) fn figures(&self) -> (usize, usize, usize) {
        let state = self.0.state();
        let idle = state.idle.len();
        let waiting = state.waiters.iter().filter(|waiter| !waiter.answer.is_closed()).count();
        (state.open.saturating_sub(idle), idle, waiting)
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<Transaction, DbErr> {
        Transaction::begin(self.lease().await?, self.0.one_write).await
    }

    /// How many bytes of values a statement should carry at most.
    pub(crate) fn one_write(&self) -> usize {
        self.0.one_write
    }

    /// Begins a transaction with calls in the same breath, see [`Lease::begin_asking`].
    pub(crate) async fn begin_asking(&self, calls: Calls<'_>) -> Result<(Transaction, Vec<Vec<QueryResult>>), DbErr> {
        Transaction::begin_asking(self.lease().await?, self.0.one_write, calls).await
    }

    /// Calls that are a transaction by themselves, see [`Lease::at_once`].
    pub(crate) async fn at_once(&self, calls: Calls<'_>) -> Result<Vec<Vec<QueryResult>>, DbErr> {
        self.lease().await?.at_once(calls).await
    }

    /// All rows of a statement.
    pub(crate) async fn rows(&self, sql: Sql, arguments: PgArguments) -> Result<Vec<QueryResult>, DbErr> {
        self.lease().await?.rows(sql, arguments).await
    }

    /// At most one row.
    pub(crate) async fn row(&self, sql: Sql, arguments: PgArguments) -> Result<Option<QueryResult>, DbErr> {
        self.lease().await?.row(sql, arguments).await
    }

    /// Runs a statement that gives no rows.
    pub(crate) async fn run(&self, sql: Sql, arguments: PgArguments) -> Result<ExecResult, DbErr> {
        self.lease().await?.run(sql, arguments).await
    }

    /// Lets nobody in any more, waits for those who are, and closes the connections.
    pub(crate) async fn close(&self) {
        let idle = {
            let mut state = self.0.state();
            state.closed = true;
            state.waiters.clear();
            state.open -= state.idle.len();
            mem::take(&mut state.idle)
        };
        for Idle { live, .. } in idle {
            let _ = live.connection.close().await; // it is gone either way
        }
        loop {
            let emptied = self.0.emptied.notified();
            if self.0.state().open == 0 {
                return;
            }
            emptied.await;
        }
    }

    async fn lease(&self) -> Result<Lease, DbErr> {
        let home = Handle::current().id();
        let mut lease = match self.0.give(home)? {
            Given::Lease(lease) => lease,
            Given::Wait(answer) => match timeout(ACQUIRE, answer).await {
                Ok(Ok(lease)) => lease,
                Ok(Err(_)) => return Err(closed()),
                Err(_) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
            },
        };
        if let Some(live) = &mut lease.live
            && (self.0.doubt.stands() || lease.idle_for > FRESH)
            && !answers(&mut live.connection).await
        {
            lease.live = None;
        }
        if lease.live.is_none() {
            lease.live = Some(self.0.connect().await?);
        }
        Ok(lease)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one more connection. While the server is away, most of those who ask are told so without a try.
    async fn connect(&self) -> Result<Live, DbErr> {
        if !self.absence.may_try() {
            return Err(DbErr::Conn(RuntimeErr::Internal("PostgreSQL is away".to_owned())));
        }
        let outcome = connect(&self.options, is_full).await;
        match &outcome {
            Ok(_) => self.absence.ends(),
            Err(error) if is_away(error) => self.absence.begins(),
            Err(_) => {}
        }
        outcome.map_err(acquire_error)
    }

    /// A connection that lies there, the right to make one, or a place in the queue.
    fn give(self: &Arc<Self>, home: runtime::Id) -> Result<Given, DbErr> {
        let mut state = self.state();
        if state.closed {
            return Err(closed());
        }
        let mine = state.idle.iter().rposition(|idle| idle.live.home == home);
        let at = match mine {
            None if state.open < self.capacity => {
                state.open += 1;
                return Ok(Given::Lease(Lease::new(Arc::clone(self), None, Duration::ZERO)));
            }
            found => found.or(state.idle.len().checked_sub(1)),
        };
        if let Some(at) = at {
            let Idle { live, since } = state.idle.remove(at);
            return Ok(Given::Lease(Lease::new(Arc::clone(self), Some(live), since.elapsed())));
        }
        while state.waiters.front().is_some_and(|waiter| waiter.answer.is_closed()) {
            state.waiters.pop_front();
        }
        let (answer, answered) = oneshot::channel();
        state.waiters.push_back(Waiter { home, answer });
        Ok(Given::Wait(answered))
    }

    /// Takes a connection back, or the right to make one, and hands it on.
    pub(super) fn take_back(self: &Arc<Self>, live: Option<Live>) {
        let mut live = live.filter(|live| live.opened.elapsed() < LIFETIME);
        loop {
            let waiter = {
                let mut state = self.state();
                if state.closed {
                    state.open -= 1;
                    drop(state);
                    drop(live);
                    self.emptied.notify_waiters();
                    return;
                }
                let Some(waiter) = state.next(live.as_ref().map(|live| live.home)) else {
                    let expired = state.lie_down(live);
                    drop(state);
                    drop(expired);
                    return;
                };
                waiter
            };
            match waiter.answer.send(Lease::new(Arc::clone(self), live, Duration::ZERO)) {
                Ok(()) => return,
                Err(mut lease) => live = lease.dissolve(), // whoever waited has gone
            }
        }
    }
}

impl State {
    /// Who comes next: mostly somebody of the connection's own thread, now and then whoever has waited longest.
    fn next(&mut self, home: Option<runtime::Id>) -> Option<Waiter> {
        self.handed_on = self.handed_on.wrapping_add(1);
        let in_turn = self.handed_on.is_multiple_of(IN_TURN);
        let at_home = home.filter(|_| !in_turn);
        let at = at_home.and_then(|home| self.waiters.iter().position(|waiter| waiter.home == home)).unwrap_or(0);
        self.waiters.remove(at)
    }

    /// Puts a connection with the idle ones; gives back one that has been among them for too long.
    fn lie_down(&mut self, live: Option<Live>) -> Option<Idle> {
        let Some(live) = live else {
            self.open -= 1;
            return None;
        };
        self.idle.push(Idle { live, since: Instant::now() });
        let expired = self.idle.first().is_some_and(|idle| idle.since.elapsed() > IDLE);
        expired.then(|| {
            self.open -= 1;
            self.idle.remove(0)
        })
    }
}

/// Opens a connection; after an error that is `passing` it is tried again, for as long as anybody would wait.
async fn connect(options: &PgConnectOptions, passing: fn(&SqlxError) -> bool) -> Result<Live, SqlxError> {
    let deadline = Instant::now() + ACQUIRE;
    let mut pause = Duration::from_millis(10);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, PgConnection::connect_with(options)).await {
            Ok(Ok(connection)) => {
                return Ok(Live {
                    connection,
                    home: Handle::current().id(),
                    opened: Instant::now(),
                    is_prepared: false,
                });
            }
            Ok(Err(error)) if passing(&error) && Instant::now() + pause < deadline => {
                sleep(pause).await;
                pause = (pause * 2).min(ACQUIRE / 5);
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(SqlxError::PoolTimedOut),
        }
    }
}

/// Whether the server is there, and has no room for one more connection just now (53300, `too_many_connections`).
fn is_full(error: &SqlxError) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("53300"))
}

async fn answers(connection: &mut PgConnection) -> bool {
    matches!(timeout(ANSWER, connection.ping()).await, Ok(Ok(())))
}

fn acquire_error(error: SqlxError) -> DbErr {
    match error {
        SqlxError::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}

fn closed() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
}

/// For sea-orm's own queries.
#[async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, stmt: Statement) -> Result<ExecResult, DbErr> {
        let (sql, arguments) = statement::parts(stmt);
        self.run(sql, arguments).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lease().await?.run_plain(sql.to_owned().into()).await
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
