//! Proves that a database is as the rules want it, in one snapshot and without writing.
//!
//! What is asked of each table is in [`rules`]; what only reading can tell is in [`cells`], of single cells, and in [`log`],
//! of the log.

mod cells;
mod log;
mod rules;
mod told;

use std::fmt;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};
use uuid::Uuid;

use self::rules::{RULES, Rule, Scope};
use super::{
    DatabaseSettings,
    whole::{self, Purpose, WholeError},
};

/// How many faults of a rule are told of one by one.
const TOLD: usize = 5;
/// How many sessions are looked at in one statement.
const SESSIONS: i64 = 500;
/// How many faults one statement gives at most.
const FAULTS: usize = 10_000;

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What should hold.
    pub rule: &'static str,
    /// What was looked at, such as `messages: 1204`.
    pub examined: String,
    /// How often it does not hold.
    pub faults: usize,
    /// Whether there are still more faults, which were not counted.
    pub more: bool,
    /// The first few of them, in words.
    pub told: Vec<String>,
}

impl Finding {
    fn of(rule: &'static str) -> Self {
        Self { rule, examined: String::new(), faults: 0, more: false, told: Vec::new() }
    }

    fn add(&mut self, fault: String) {
        self.faults += 1;
        if self.told.len() < TOLD {
            self.told.push(fault);
        }
    }

    /// Whether the rule holds everywhere.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.faults == 0
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.holds() {
            return write!(f, "ok     {} ({})", self.rule, self.examined);
        }
        let least = if self.more { "at least " } else { "" };
        let (Self { rule, examined, faults, .. }, s) = (self, if self.faults == 1 { "" } else { "s" });
        write!(f, "FAULT  {rule} ({examined}): {least}{faults} fault{s}")?;
        self.told.iter().try_for_each(|fault| write!(f, "\n         {fault}"))
    }
}

/// Reads a whole database in one snapshot and hands each finding to `tell`; `true` when every rule holds. Writes nothing,
/// and may run beside a server.
///
/// # Errors
/// When the database cannot be read, or its schema is of another release.
pub async fn verify(settings: &DatabaseSettings, tell: impl FnMut(&Finding) + Send) -> Result<bool, WholeError> {
    let connection = whole::open(settings, Purpose::Read).await?;
    let outcome = async {
        let txn = whole::snapshot(&connection).await?;
        whole::of_this_release(&txn).await?;
        let sound = examine(&txn, tell).await?;
        txn.rollback().await?;
        Ok(sound)
    };
    let outcome = outcome.await;
    connection.close().await?;
    outcome
}

/// As [`verify`], of what this connection sees: let it be a transaction whose snapshot stays the same.
///
/// # Errors
/// What the database says.
pub async fn examine<C: ConnectionTrait>(db: &C, mut tell: impl FnMut(&Finding) + Send) -> Result<bool, WholeError> {
    let mut sound = true;
    let mut found = |finding: &Finding| {
        sound &= finding.holds();
        tell(finding);
    };
    if db.get_database_backend() == DbBackend::Sqlite {
        found(&file(db).await?);
    }
    for rule in RULES {
        found(&hold(db, rule).await?);
    }
    found(&cells::moments(db).await?);
    found(&cells::words(db).await?);
    found(&log::read(db).await?);
    found(&log::notifications(db).await?);
    Ok(sound)
}

/// Asks SQLite itself whether the file is whole.
async fn file<C: ConnectionTrait>(db: &C) -> Result<Finding, DbErr> {
    let mut finding = Finding::of("the file is whole");
    for row in whole::rows(db, "PRAGMA integrity_check(100)", []).await? {
        let said: String = row.try_get_by_index(0)?;
        if said != "ok" {
            finding.add(said);
        }
    }
    finding.examined = format!("pages: {}", whole::number(db, "SELECT page_count FROM pragma_page_count").await?);
    Ok(finding)
}

async fn hold<C: ConnectionTrait>(db: &C, rule: &Rule) -> Result<Finding, DbErr> {
    let mut finding = Finding::of(rule.promise);
    let of = format!("SELECT COUNT(*) FROM {}", rule.of);
    finding.examined = format!("{}: {}", rule.noun, whole::number(db, of).await?);
    for faults in rule.faults {
        let sql = format!("{faults} LIMIT {FAULTS}");
        match rule.scope {
            Scope::Whole => gather(&mut finding, &whole::rows(db, sql, []).await?)?,
            Scope::Sessions => {
                let mut after = Uuid::nil();
                while let Some(last) = last_of_page(db, after).await? {
                    gather(&mut finding, &whole::rows(db, sql.as_str(), [after.into(), last.into()]).await?)?;
                    after = last;
                }
            }
        }
    }
    Ok(finding)
}

/// The last of the next [`SESSIONS`] sessions; `None` when there are no more.
async fn last_of_page<C: ConnectionTrait>(db: &C, after: Uuid) -> Result<Option<Uuid>, DbErr> {
    const IDS: &str = "SELECT id FROM session WHERE id > $1 ORDER BY id LIMIT $2";
    let page = whole::rows(db, IDS, [after.into(), SESSIONS.into()]).await?;
    page.last().map(|row| row.try_get_by_index(0)).transpose()
}

fn gather(finding: &mut Finding, rows: &[QueryResult]) -> Result<(), DbErr> {
    finding.more |= rows.len() == FAULTS;
    for row in rows {
        let (id, other): (Uuid, Option<Uuid>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let words: String = row.try_get_by_index(2)?;
        finding.add(other.map_or_else(|| format!("{id}: {words}"), |other| format!("{id} {other}: {words}")));
    }
    Ok(())
}
