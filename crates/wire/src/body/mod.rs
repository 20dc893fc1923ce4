//! Request bodies. Unknown fields are refused; each body becomes a command of the domain, or says what is wrong with it.

mod auth;
mod invitation;
mod message;
mod session;
mod user;

pub use auth::{ChangePassword, Login, Refresh, Register};
pub use invitation::{ChangeRole, CreateInvitation};
pub(crate) use message::seq;
pub use message::{CreateMessage, MarkRead, UpdateMessage};
pub use session::{CreateSession, UpdateSession};
pub use user::UpdateMe;

use serde::{Deserialize, Deserializer};

/// Tells a field that is there (even as `null`) from one that is not.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
