//! Invitations: a seat in a session, offered to an e-mail address, with or without an account.

mod error;
mod model;
mod service;

pub use error::InvitationError;
pub use model::{Invitation, Invite, Status};
pub(crate) use service::tell_invited;
pub use service::{Accepted, InvitationSettings, Invitations};
