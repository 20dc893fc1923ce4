//! `/api/users/me`: oneself.

pub(in crate::rest) mod get;
pub(in crate::rest) mod update;
