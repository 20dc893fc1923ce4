//! The tables as sea-orm knows them. Rows never leave this crate.

pub(crate) mod login;
pub(crate) mod membership;
pub(crate) mod refresh_token;
pub(crate) mod session;
pub(crate) mod session_event;
pub(crate) mod user;
