//! `/api/notifications`: what somebody should know of.

pub(super) mod list;
pub(super) mod read;
pub(super) mod read_all;
