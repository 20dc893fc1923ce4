//! The real parts behind the domain's ports: databases, bus, presence, passwords and tokens.

pub mod auth;
pub mod bus;
pub mod db;
pub mod limits;
pub mod presence;
