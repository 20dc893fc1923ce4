//! `/api/invitations`: seats in sessions, offered to addresses.

pub(super) mod accept;
pub(super) mod create;
pub(super) mod decline;
pub(super) mod delete;
pub(super) mod list;
