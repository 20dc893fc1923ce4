//! `/api/sessions/{id}/messages`: what people write.

pub(in crate::rest) mod create;
pub(in crate::rest) mod delete;
pub(in crate::rest) mod list;
pub(in crate::rest) mod update;
