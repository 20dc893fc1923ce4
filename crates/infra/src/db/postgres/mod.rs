//! PostgreSQL spoken to over connections of our own keeping.
//!
//! sqlx's pool asks a connection for a sign of life each time it comes back, in a task of its own, and hands out
//! whichever lies there. Here one goes back as it is, at once, and preferably to the thread whose reactor it belongs to.

mod lease;
mod pool;
mod statement;
mod transaction;

pub(crate) use self::{
    pool::Pool,
    statement::{Sql, arguments},
    transaction::Transaction,
};
