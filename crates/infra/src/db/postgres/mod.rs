//! PostgreSQL spoken to over connections of our own keeping.
//!
//! sqlx's pool asks a connection for a sign of life each time it comes back, in a task of its own, and hands out
//! whichever lies there. Here one goes back as it is, at once, and preferably to the thread whose reactor it belongs to.

mod absence;
mod call;
mod lease;
mod pool;
mod statement;
mod transaction;

use std::net::IpAddr;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};

pub(crate) use self::{
    absence::Absence,
    call::Call,
    lease::Calls,
    pool::Pool,
    statement::{Sql, add, arguments, column},
    transaction::Transaction,
};

/// How many bytes of values a statement should carry at most where a segment is as large as loopback's (64 kB), and
/// nothing is encrypted into smaller records. See [`super::guarded::ONE_WRITE`].
const ONE_LOCAL_WRITE: usize = 60_000;

/// Whether the server is on this machine: what goes there leaves it nowhere.
pub(crate) fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || options.get_socket().is_some()
}

fn one_write(options: &PgConnectOptions) -> usize {
    let is_plain = matches!(options.get_ssl_mode(), PgSslMode::Disable);
    if is_plain && is_here(options) { ONE_LOCAL_WRITE } else { super::guarded::ONE_WRITE }
}
