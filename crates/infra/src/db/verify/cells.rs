//! What single cells must be like: moments that can be read, and words in the one form in which they are looked for.

use rondo_domain::account::Email;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::Finding;
use crate::db::{
    copy::tables::{Kind, TABLES},
    rows::Cells,
    whole,
};

/// How many rows are held at once.
const PAGE: i64 = 500;

/// What is no moment in SQLite, which takes any text for one. Its own functions move what is no day to another one, so the
/// text must stay what it was.
const UNREADABLE: &str = "\
    {c} IS NOT NULL AND (typeof({c}) <> 'text' \
        OR date(substr({c}, 1, 10)) IS NOT substr({c}, 1, 10) OR substr({c}, 11, 1) <> 'T' \
        OR time(substr({c}, 12, 8)) IS NOT substr({c}, 12, 8) OR substr({c}, -6) <> '+00:00' \
        OR substr({c}, 20, 1) NOT IN ('.', '+') \
        OR rtrim(substr({c}, 20, length({c}) - 25), '0123456789') NOT IN ('', '.'))";

/// Looks for moments that nobody can read: a page with one of them could not be shown.
pub(super) async fn moments<C: ConnectionTrait>(db: &C) -> Result<Finding, DbErr> {
    let mut finding = Finding::of("every moment is one");
    let mut count = 0;
    for table in TABLES {
        for (column, _) in table.columns.iter().filter(|(_, kind)| matches!(kind, Kind::Time)) {
            let unreadable = match db.get_database_backend() {
                DbBackend::Postgres => format!("NOT isfinite({column})"),
                _ => UNREADABLE.replace("{c}", column),
            };
            let sql = format!("SELECT COUNT(*) FROM {} WHERE {unreadable}", table.name);
            let faults = usize::try_from(whole::number(db, sql).await?).unwrap_or(usize::MAX);
            count += 1;
            if faults > 0 {
                finding.add(format!("{}.{column} is none in {faults} of its rows", table.name));
                finding.faults += faults - 1;
            }
        }
    }
    finding.examined = format!("columns: {count}");
    Ok(finding)
}

/// A column that has to be in one form.
struct Form {
    /// Gives an id, what was written, and what is kept of it to look for, by id after `$1`, at most `$2`.
    rows: &'static str,
    what: &'static str,
    holds: fn(&str, &str) -> bool,
}

fn is_address(_: &str, kept: &str) -> bool {
    Email::parse(kept).is_ok_and(|email| email.as_str() == kept)
}

fn is_lowered(written: &str, kept: &str) -> bool {
    written.to_lowercase() == kept
}

const FORMS: [Form; 4] = [
    Form {
        rows: "SELECT id, '', email FROM app_user WHERE id > $1 ORDER BY id LIMIT $2",
        what: "the address of the account",
        holds: is_address,
    },
    Form {
        rows: "SELECT id, '', email FROM invitation WHERE id > $1 ORDER BY id LIMIT $2",
        what: "the address of the invitation",
        holds: is_address,
    },
    Form {
        rows: "SELECT id, display_name, search_name FROM app_user WHERE id > $1 ORDER BY id LIMIT $2",
        what: "the search_name of the account",
        holds: is_lowered,
    },
    Form {
        rows: "SELECT id, name, search_name FROM session WHERE id > $1 ORDER BY id LIMIT $2",
        what: "the search_name of the session",
        holds: is_lowered,
    },
];

/// Looks for addresses and names that would not be found, since they are kept in another form than that of a search.
pub(super) async fn words<C: ConnectionTrait>(db: &C) -> Result<Finding, DbErr> {
    let mut finding = Finding::of("addresses and search names are kept as they are looked for");
    let mut count = 0_u64;
    for Form { rows, what, holds } in FORMS {
        let mut after = Uuid::nil();
        loop {
            let page = whole::rows(db, rows, [after.into(), PAGE.into()]).await?;
            for row in &page {
                let mut cells = Cells::new(row);
                let (written, kept): (String, String);
                (after, written, kept) = (cells.take()?, cells.take()?, cells.take()?);
                count += 1;
                if !holds(&written, &kept) {
                    finding.add(format!("{what} {after}"));
                }
            }
            if page.is_empty() {
                break;
            }
        }
    }
    finding.examined = format!("words: {count}");
    Ok(finding)
}
