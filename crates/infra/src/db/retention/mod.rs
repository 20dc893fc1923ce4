//! Takes away what is past its use: old events, the rest of deleted sessions, dead tokens and logins, forgotten
//! idempotency keys, expired invitations. Messages stay for as long as their session.
//!
//! The work is done in batches of a few hundred rows, each in a transaction of its own and with a pause behind it, so
//! that nobody waits for it. One node at a time does it for all, see [`turn`]; should two do it at once, no harm is done.

mod accounts;
mod invitations;
mod log;
mod turn;

use std::{fmt, sync::Arc, time::Duration};

use rondo_domain::{Timestamp, clock::Clock, measure::RetentionFigures, store::StoreError};
use sea_orm::DbErr;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use self::turn::Turn;
use super::{
    Database,
    error::store,
    guarded::Guarded,
    link::{self, Source},
};

/// The database and a transaction on it, as retention sees them.
type Db = Guarded<Source>;
type Txn = Guarded<link::Txn>;

/// How many rows a transaction takes away at most.
const BATCH: i64 = 250;
/// The shortest pause between two transactions. After a slow one it is three times as long as that one took.
const PAUSE: Duration = Duration::from_millis(40);
/// How often all is looked through, unless events are kept for a shorter time.
const ROUND: Duration = Duration::from_hours(1);
/// How often that is at most, however short events are kept.
const SHORTEST_ROUND: Duration = Duration::from_mins(1);
/// How long what cannot be used any more is kept: longer than any access token lives.
const SPENT_FOR: Duration = Duration::from_hours(24);

/// How long what is kept.
#[derive(Clone, Copy, Debug)]
pub struct RetentionSettings {
    /// How long events stay in the log.
    pub events: Duration,
}

/// What a round took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Events of the log.
    pub events: u64,
    /// Deleted sessions.
    pub sessions: u64,
    /// Refresh tokens that expired, or whose login was ended.
    pub tokens: u64,
    /// Logins that nobody can use.
    pub logins: u64,
    /// Idempotency keys.
    pub keys: u64,
    /// Invitations that nobody answered in time: these are marked, not taken away.
    pub expired: u64,
    /// Such invitations that had stood marked for as long as events are kept.
    pub invitations: u64,
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, sessions, tokens, logins, keys, expired, invitations } = self;
        write!(
            f,
            "{events} events, {sessions} sessions, {tokens} refresh tokens, {logins} logins, {keys} idempotency keys and \
             {invitations} invitations taken away; {expired} invitations marked as expired"
        )
    }
}

/// Takes away what is past its use.
pub struct Retention {
    db: Db,
    clock: Arc<dyn Clock>,
    settings: RetentionSettings,
    turn: Turn,
    figures: Arc<RetentionFigures>,
}

/// The moments of a round.
#[derive(Clone, Copy)]
struct Moments {
    now: Timestamp,
    /// What happened before is no longer kept in the log.
    kept_since: Timestamp,
    /// What could not be used any more at this moment is of no use to anybody.
    spent_before: Timestamp,
}

impl Retention {
    /// Puts it together; `node` is a name that no other node has.
    #[must_use]
    pub fn new(database: &Database, clock: Arc<dyn Clock>, settings: RetentionSettings, node: Uuid) -> Self {
        Self { db: database.units.clone(), clock, settings, turn: Turn::new(node), figures: Arc::default() }
    }

    /// Counts there what it does.
    #[must_use]
    pub fn counting(self, figures: Arc<RetentionFigures>) -> Self {
        Self { figures, ..self }
    }

    /// Does it from time to time, whenever no other node does. Never ends by itself.
    pub async fn run(self) {
        loop {
            // Nodes that start together look at different moments, and none in the rush of its start.
            sleep(self.round().mul_f64(0.02 + 0.08 * self.turn.chance())).await;
            match self.sweep_if_due().await {
                Ok(None) => {}
                Ok(Some(swept)) if swept == Swept::default() => tracing::debug!("nothing is past its use"),
                Ok(Some(swept)) => tracing::info!(
                    events = swept.events,
                    sessions = swept.sessions,
                    tokens = swept.tokens,
                    logins = swept.logins,
                    keys = swept.keys,
                    expired = swept.expired,
                    invitations = swept.invitations,
                    "what was past its use was taken away"
                ),
                Err(error) => tracing::warn!(error.cause = %error, "retention was cut short, and goes on later"),
            }
        }
    }

    fn round(&self) -> Duration {
        (self.settings.events / 24).clamp(SHORTEST_ROUND, ROUND)
    }

    /// Takes away what is past its use, if that is due; `None` when it is not, or another node does it.
    ///
    /// # Errors
    /// What the database says; the turn is free again after a while.
    pub async fn sweep_if_due(&self) -> Result<Option<Swept>, StoreError> {
        if !self.turn.take(&self.db, self.clock.now()).await.map_err(store)? {
            return Ok(None);
        }
        let swept = self.sweep().await?;
        self.turn.done(&self.db, self.clock.now() + self.round()).await.map_err(store)?;
        Ok(Some(swept))
    }

    /// Takes away everything that is past its use now, whether it is this node's turn or not.
    ///
    /// # Errors
    /// What the database says; what was done until then stays done.
    pub async fn sweep(&self) -> Result<Swept, StoreError> {
        let swept = self.sweep_all().await;
        match &swept {
            Ok(swept) => self.count(swept),
            Err(_) => self.figures.failures.one(),
        }
        swept
    }

    fn count(&self, swept: &Swept) {
        let Swept { events, sessions, tokens, logins, keys, expired, invitations } = *swept;
        for (counter, rows) in
            self.figures.rows.iter().zip([events, sessions, tokens, logins, keys, expired, invitations])
        {
            counter.more(rows);
        }
        self.figures.last_success.set(u64::try_from(self.clock.now().timestamp()).unwrap_or_default());
    }

    async fn sweep_all(&self) -> Result<Swept, StoreError> {
        let now = self.clock.now();
        let at = Moments { now, kept_since: now - self.settings.events, spent_before: now - SPENT_FOR };
        let mut swept = Swept::default();
        self.events(at, &mut swept).await.map_err(store)?;
        self.sessions(at, &mut swept).await.map_err(store)?;
        self.tokens(at, &mut swept).await.map_err(store)?;
        self.logins(at, &mut swept).await.map_err(store)?;
        self.keys(at, &mut swept).await.map_err(store)?;
        self.invitations(at, &mut swept).await.map_err(store)?;
        Ok(swept)
    }

    /// Rests after a batch that began at `begun`, and keeps the turn.
    async fn rest(&self, begun: Instant) -> Result<(), DbErr> {
        sleep((3 * begun.elapsed()).max(PAUSE)).await;
        self.turn.keep(&self.db, self.clock.now()).await
    }

    /// Runs a statement that takes away at most [`BATCH`] rows, again and again, until there are fewer; gives how many
    /// there were.
    async fn drain(&self, sql: &str, before: Timestamp) -> Result<u64, DbErr> {
        let mut sum = 0;
        loop {
            let begun = Instant::now();
            let count = self.db.run(sql.to_owned(), [before.into(), BATCH.into()]).await?;
            sum += count;
            if is_last(count) {
                return Ok(sum);
            }
            self.rest(begun).await?;
        }
    }
}

/// Whether a batch was not full.
fn is_last(count: u64) -> bool {
    i64::try_from(count).is_ok_and(|count| count < BATCH)
}

/// For the end of a statement that chooses rows: PostgreSQL locks them and passes over those that others hold, so that
/// retention waits for nobody and nobody for it. SQLite has one writer.
const fn unheld(postgres: bool) -> &'static str {
    if postgres { "FOR UPDATE SKIP LOCKED" } else { "" }
}
