//! The real parts behind the domain's ports: databases, bus, presence, limits, passwords and tokens.

pub mod auth;
pub mod bus;
pub mod cache;
pub mod db;
pub mod limits;
pub mod presence;
pub mod redis;
