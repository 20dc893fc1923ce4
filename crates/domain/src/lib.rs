//! The rules of Rondo: accounts, sessions with roles, messages and the durable log of what happened.
//!
//! Knows no framework, no database and no cache server: those stand behind the ports in [`store`], [`bus`] and
//! [`account::ports`]. Every surface calls the services here, so a rule is written once.

pub mod account;
pub mod bus;
pub mod cache;
pub mod clock;
pub mod event;
pub mod idempotency;
pub mod ids;
pub mod invalid;
pub mod invitation;
pub mod limits;
pub mod lists;
pub mod measure;
pub mod message;
pub mod meter;
pub mod moment;
pub mod notification;
pub mod page;
pub mod policy;
pub mod presence;
pub mod session;
pub mod store;
mod text;
pub mod trace;
pub mod vitals;

pub use clock::{Clock, Timestamp};
pub use ids::{InvitationId, LoginId, MessageId, NodeId, NotificationId, SessionId, UserId};
pub use invalid::{Invalid, Reason, Violation};
