//! `/api/auth/logins`: where one is signed in.

pub(in crate::rest) mod delete;
pub(in crate::rest) mod list;
