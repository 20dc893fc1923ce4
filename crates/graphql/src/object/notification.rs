//! Notifications.

use async_graphql::SimpleObject;
use rondo_domain::notification::StoredNotification;
use serde::Deserialize;

use crate::{
    connection::connection,
    scalar::{DateTime, Id, Json},
};

/// What somebody should know, kept until they have read it.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification {
    /// Which.
    id: Id,
    /// `invitation`, `invitation_accepted`, `invitation_declined`, `mention`, `role_changed`, `member_removed` or
    /// `session_deleted`; there may be more one day.
    #[graphql(name = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// The ids and names that show it without another request.
    data: Json,
    /// When it was read.
    read_at: Option<DateTime>,
    /// Since when.
    created_at: DateTime,
}

impl From<&StoredNotification> for Notification {
    fn from(stored: &StoredNotification) -> Self {
        Self {
            id: Id(stored.id.0),
            kind: stored.kind.clone(),
            data: Json::stored(&stored.data),
            read_at: stored.read_at.map(DateTime::from),
            created_at: stored.created_at.into(),
        }
    }
}

connection! {
    /// A page of notifications, the newest first.
    NotificationConnection, NotificationEdge of Notification {
        /// How many of one's notifications are unread altogether.
        unread_count: i64,
    }
}
