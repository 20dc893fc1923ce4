//! `/api/sessions/{id}/events`: the durable log.

pub(in crate::rest) mod list;
