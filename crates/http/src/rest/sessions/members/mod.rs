//! `/api/sessions/{id}/members`: who is in a session.

pub(in crate::rest) mod delete;
pub(in crate::rest) mod list;
pub(in crate::rest) mod update;
