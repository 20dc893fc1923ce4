//! `/api/users`: people.

pub(super) mod list;
pub(super) mod me;
