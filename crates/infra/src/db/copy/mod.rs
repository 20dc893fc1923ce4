//! Moves a whole instance from one database into another, empty one, and proves that both hold the same.

mod digest;
pub(super) mod tables;

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement, Value};

pub use self::digest::Contents;
use self::tables::{LEFT_OUT, TABLES, Table};
use super::{
    DatabaseSettings,
    whole::{self, Purpose, WholeError, of_this_release, rows},
};

/// How many rows are held at once.
const PAGE: usize = 200;

/// A table that was carried over, and is the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Which.
    pub table: &'static str,
    /// What it holds.
    pub contents: Contents,
}

/// Copies everything that `from` holds, as one snapshot sees it, into `to`, which must be migrated and empty. Each table
/// is read back and compared before anything is committed; `tell` hears of each. When anything fails, `to` is as it was.
///
/// # Errors
/// When either cannot be read or written, is of another release, `to` is not empty, or what was read back differs.
pub async fn copy(
    from: &DatabaseSettings,
    to: &DatabaseSettings,
    tell: impl FnMut(Copied) + Send,
) -> Result<(), WholeError> {
    let source = whole::open(from, Purpose::Read).await.map_err(|error| of("the source", error))?;
    let target = whole::open(to, Purpose::Fill).await.map_err(|error| of("the target", error));
    let outcome = match &target {
        Ok(target) => carry(&source, target, tell).await,
        Err(error) => Err(error.clone()),
    };
    source.close().await?;
    if let Ok(target) = target {
        target.close().await?;
    }
    outcome
}

fn of(side: &str, error: impl Into<WholeError>) -> WholeError {
    WholeError::new(format!("{side}: {}", error.into()))
}

async fn carry(
    source: &DatabaseConnection,
    target: &DatabaseConnection,
    mut tell: impl FnMut(Copied) + Send,
) -> Result<(), WholeError> {
    let from = whole::snapshot(source).await.map_err(|error| of("the source", error))?;
    let to = whole::writing(target).await.map_err(|error| of("the target", error))?;
    for (side, txn) in [("the source", &from), ("the target", &to)] {
        of_this_release(txn).await.map_err(|error| of(side, error))?;
        is_known(txn).await.map_err(|error| of(side, error))?;
    }
    is_empty(&to).await.map_err(|error| of("the target", error))?;
    for table in TABLES {
        let read = fill(table, &from, &to).await?;
        let written = contents(table, &to).await.map_err(|error| of("the target", error))?;
        if read != written {
            return Err(WholeError::new(format!(
                "{}: {} rows ({read}) were read and {} rows ({written}) were written; nothing was kept",
                table.name, read.rows, written.rows
            )));
        }
        tell(Copied { table: table.name, contents: written });
    }
    to.commit().await.map_err(|error| of("the target", error))?;
    from.rollback().await.map_err(|error| of("the source", error))?;
    if target.get_database_backend() == DbBackend::Postgres {
        target.execute_unprepared("ANALYZE").await.map_err(|error| of("the target", error))?;
    }
    Ok(())
}

/// Insists that every table and column is one that is carried, so that nothing is left behind unseen.
async fn is_known(txn: &DatabaseTransaction) -> Result<(), WholeError> {
    let sql = if txn.get_database_backend() == DbBackend::Postgres {
        "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c \
         JOIN information_schema.tables t USING (table_schema, table_name) \
         WHERE table_schema = current_schema() AND t.table_type = 'BASE TABLE'"
    } else {
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    };
    let mut found = BTreeSet::new();
    for row in rows(txn, sql, []).await? {
        let column: (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if !LEFT_OUT.contains(&column.0.as_str()) {
            found.insert(column);
        }
    }
    let known = TABLES.iter().flat_map(|table| table.columns.iter().map(|(name, _)| (table.name, *name)));
    let known: BTreeSet<_> = known.map(|(table, column)| (table.to_owned(), column.to_owned())).collect();
    match found.symmetric_difference(&known).next() {
        None => Ok(()),
        Some((table, column)) => {
            Err(WholeError::new(format!("its tables are not those of this release: see {table}.{column}")))
        }
    }
}

/// Insists that no table holds a row, and lets nobody else write until the end.
async fn is_empty(to: &DatabaseTransaction) -> Result<(), WholeError> {
    if to.get_database_backend() == DbBackend::Postgres {
        let names = TABLES.iter().map(|table| table.name).collect::<Vec<_>>().join(", ");
        to.execute_unprepared("SET LOCAL lock_timeout = 10000").await?;
        to.execute_unprepared(&format!("LOCK TABLE {names} IN EXCLUSIVE MODE"))
            .await
            .map_err(|error| WholeError::new(format!("it is in use: stop the servers on it first ({error})")))?;
    }
    for table in TABLES {
        if !rows(to, format!("SELECT 1 FROM {} LIMIT 1", table.name), []).await?.is_empty() {
            return Err(WholeError::new(format!(
                "it is not empty ({} has rows): a copy goes into a new database, made by `rondo migrate`",
                table.name
            )));
        }
    }
    Ok(())
}

/// Reads a table page by page.
struct Pages<'a> {
    table: &'static Table,
    txn: &'a DatabaseTransaction,
    after: Option<Vec<Value>>,
}

impl<'a> Pages<'a> {
    fn new(table: &'static Table, txn: &'a DatabaseTransaction) -> Self {
        Self { table, txn, after: None }
    }

    /// The next rows; none at the end.
    async fn next(&mut self) -> Result<Vec<Vec<Value>>, DbErr> {
        let (names, key) = (self.table.names(), self.table.key_names());
        let name = self.table.name;
        let beyond = match &self.after {
            Some(after) => format!("WHERE ({key}) > ({})", places(1, after.len())),
            None => String::new(),
        };
        let sql = format!("SELECT {names} FROM {name} {beyond} ORDER BY {key} LIMIT {PAGE}");
        let found = rows(self.txn, sql, self.after.clone().unwrap_or_default()).await?;
        let read = |row: &sea_orm::QueryResult| {
            let cells = self.table.columns.iter().enumerate();
            cells.map(|(index, (_, kind))| kind.read(row, index)).collect::<Result<Vec<_>, _>>()
        };
        let page = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if let Some(last) = page.last() {
            self.after = Some(last[..self.table.key].to_vec());
        }
        Ok(page)
    }
}

/// `$n, $n+1 …`
fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// Carries a table over, and tells what was read.
async fn fill(
    table: &'static Table,
    from: &DatabaseTransaction,
    to: &DatabaseTransaction,
) -> Result<Contents, WholeError> {
    let mut contents = Contents::default();
    let mut pages = Pages::new(table, from);
    loop {
        let page = pages.next().await.map_err(|error| of(&format!("the source's {}", table.name), error))?;
        if page.is_empty() {
            return Ok(contents);
        }
        for row in &page {
            contents.add(row);
        }
        write(table, to, page).await.map_err(|error| of(&format!("the target's {}", table.name), error))?;
    }
}

async fn write(table: &Table, to: &DatabaseTransaction, page: Vec<Vec<Value>>) -> Result<(), DbErr> {
    let width = table.columns.len();
    let values: Vec<_> = (0..page.len()).map(|row| format!("({})", places(row * width + 1, width))).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES {}", table.name, table.names(), values.join(", "));
    let statement = Statement::from_sql_and_values(to.get_database_backend(), sql, page.into_iter().flatten());
    to.execute_raw(statement).await.map(|_| ())
}

/// What a table holds.
async fn contents(table: &'static Table, txn: &DatabaseTransaction) -> Result<Contents, DbErr> {
    let mut contents = Contents::default();
    let mut pages = Pages::new(table, txn);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            return Ok(contents);
        }
        for row in &page {
            contents.add(row);
        }
    }
}
