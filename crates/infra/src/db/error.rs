//! What a database's error means to the domain.

use rondo_domain::store::{Conflict, StoreError};
use sea_orm::{DbErr, RuntimeErr, SqlxError, sqlx::error::DatabaseError};

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Another transaction was in the way (40001, 40P01): the same once more may go well.
    Retry,
    /// The database is away, starting, full or too slow.
    Unavailable,
    /// A rule of the schema.
    Conflict(Conflict),
    /// A statement or a row that makes no sense.
    Corrupt,
}

/// Sorts an error.
pub(crate) fn kind(error: &DbErr) -> Kind {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Kind::Unavailable,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => sqlx_kind(error),
        _ => Kind::Corrupt,
    }
}

/// What an error means to the domain. The text of a write that nobody expected to be refused goes to the log alone.
#[expect(clippy::needless_pass_by_value, reason = "stands in `map_err`, which gives the error away")]
pub(crate) fn store(error: DbErr) -> StoreError {
    match kind(&error) {
        Kind::Retry | Kind::Unavailable => StoreError::Unavailable(error.to_string()),
        Kind::Conflict(Conflict::Other) => {
            tracing::warn!(%error, "the schema refused a write");
            StoreError::Conflict(Conflict::Other)
        }
        Kind::Conflict(conflict) => StoreError::Conflict(conflict),
        Kind::Corrupt => StoreError::Corrupt(error.to_string()),
    }
}

/// As [`store`], for what sqlx itself says.
pub(crate) fn store_sqlx(error: SqlxError) -> StoreError {
    store(DbErr::Query(RuntimeErr::SqlxError(error.into())))
}

/// A row that makes no sense.
pub(crate) fn corrupt(what: impl std::fmt::Display) -> DbErr {
    DbErr::Custom(what.to_string())
}

fn sqlx_kind(error: &SqlxError) -> Kind {
    match error {
        SqlxError::Database(error) => database_kind(&**error),
        SqlxError::Io(_)
        | SqlxError::Tls(_)
        | SqlxError::Protocol(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Kind::Unavailable,
        _ => Kind::Corrupt,
    }
}

fn database_kind(error: &dyn DatabaseError) -> Kind {
    if error.is_unique_violation() {
        return Kind::Conflict(conflict(error));
    }
    if error.is_foreign_key_violation() || error.is_check_violation() {
        return Kind::Conflict(Conflict::Other);
    }
    let code = error.code().unwrap_or_default();
    match error.try_downcast_ref::<sea_orm::SqlxSqliteError>() {
        Some(_) => sqlite_kind(&code),
        None => postgres_kind(&code),
    }
}

/// The rules of which the domain has a word, as PostgreSQL names them (the index) and SQLite (the columns).
const RULES: [(&str, &str, Conflict); 3] = [
    ("app_user_email_key", "app_user.email", Conflict::Email),
    ("invitation_pending_key", "invitation.session_id, invitation.email", Conflict::Invitation),
    ("idempotency_key_pkey", "idempotency_key.user_id, idempotency_key.key", Conflict::IdempotencyKey),
];

fn conflict(error: &dyn DatabaseError) -> Conflict {
    let broken = |(index, columns, _): &&(&str, &str, _)| {
        error.constraint() == Some(index) || error.message().ends_with(columns)
    };
    RULES.iter().find(broken).map_or(Conflict::Other, |(_, _, conflict)| *conflict)
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn postgres_kind(code: &str) -> Kind {
    match code {
        "40001" | "40P01" => Kind::Retry,
        // A replica that is not yet the primary, a lock that was not to be had in time, a transaction cut as idle.
        "25006" | "55P03" | "25P03" => Kind::Unavailable,
        _ if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => Kind::Unavailable,
        _ => Kind::Corrupt,
    }
}

/// <https://www.sqlite.org/rescode.html>; the primary code is the low byte of the extended one.
fn sqlite_kind(code: &str) -> Kind {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const READONLY: i32 = 8;
    const IOERR: i32 = 10;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    const CONSTRAINT: i32 = 19;
    match code.parse::<i32>().map(|code| code & 0xff) {
        Ok(BUSY | LOCKED | READONLY | IOERR | FULL | CANTOPEN) => Kind::Unavailable,
        Ok(CONSTRAINT) => Kind::Conflict(Conflict::Other),
        _ => Kind::Corrupt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_are_told_from_nonsense() {
        for code in ["08006", "53300", "57014", "57P01", "25006", "55P03"] {
            assert_eq!(postgres_kind(code), Kind::Unavailable, "{code}");
        }
        for code in ["40001", "40P01"] {
            assert_eq!(postgres_kind(code), Kind::Retry, "{code}");
        }
        for code in ["42P01", "22P02", ""] {
            assert_eq!(postgres_kind(code), Kind::Corrupt, "{code}");
        }
        for code in ["5", "261", "517", "10", "13", "778"] {
            assert_eq!(sqlite_kind(code), Kind::Unavailable, "{code}");
        }
        assert_eq!(sqlite_kind("1"), Kind::Corrupt);
    }

    #[test]
    fn a_pool_that_gives_nothing_is_an_outage() {
        for error in [SqlxError::PoolTimedOut, SqlxError::PoolClosed, SqlxError::WorkerCrashed] {
            assert!(matches!(store_sqlx(error), StoreError::Unavailable(_)));
        }
        let acquire = DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout);
        assert!(matches!(store(acquire), StoreError::Unavailable(_)));
    }
}
