//! The types of the schema. Those that also come out of memory (an answer that is given again, a kept event) are read back
//! from the JSON that REST shows.

mod account;
mod event;
mod invitation;
mod message;
mod notification;
mod presence;
mod session;
mod typing;

pub(crate) use account::{AuthTokens, User, UserConnection};
pub(crate) use event::{SessionEvent, SessionEventConnection};
pub(crate) use invitation::{AcceptedInvitation, Invitation, InvitationConnection, InvitedRole};
pub(crate) use message::{Message, MessageConnection};
pub(crate) use notification::{Notification, NotificationConnection};
pub(crate) use presence::{PresenceChange, PresenceConnection};
pub(crate) use session::{Membership, Role, Session, SessionConnection, SessionFacts, Visibility};
pub(crate) use typing::{Somebody, TypingChange};
