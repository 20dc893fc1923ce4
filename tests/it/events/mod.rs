//! The durable log of a session.

mod list;
mod record;
