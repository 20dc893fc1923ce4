//! What the events do: one file per noun. Each decodes to a command, calls a service, and shows what came of it.

pub(super) mod auth;
pub(super) mod invitation;
pub(super) mod message;
pub(super) mod session;
pub(super) mod typing;
