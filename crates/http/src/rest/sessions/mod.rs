//! `/api/sessions`: the rooms that people share.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod events;
pub(super) mod get;
pub(super) mod invitations;
pub(super) mod join;
pub(super) mod leave;
pub(super) mod list;
pub(super) mod list_public;
pub(super) mod members;
pub(super) mod messages;
pub(super) mod presence;
pub(super) mod read;
pub(super) mod update;
