//! Notifications: what somebody should know, kept until they have read it.

mod error;
mod model;
mod service;

pub use error::NotificationError;
pub use model::{InvitationFacts, Notice, Notification, Place, StoredNotification, Who, excerpt, mentions};
pub use service::{NotificationPage, Notifications};
