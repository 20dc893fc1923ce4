//! Notifications.

use rondo_domain::notification::{Notification, NotificationPage, StoredNotification};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Time, encode_id};

/// A notification.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Notification, example = json!({"id": "019c0e3a-5c00-7000-8000-000000000004", "type": "mention", "data": {"sessionId": "019c0e3a-5c00-7000-8000-000000000003", "sessionName": "Fulbito del jueves", "messageId": "019c0e3a-5c00-7000-8000-000000000002", "seq": 7, "by": {"id": "019c0e3a-5c00-7000-8000-000000000001", "displayName": "Ada"}, "excerpt": "hey"}, "readAt": null, "createdAt": "2026-01-31T12:00:00.000Z"}))]
pub struct NotificationView<'a> {
    /// Which.
    pub id: Uuid,
    /// `invitation`, `invitation_accepted`, `invitation_declined`, `mention`, `role_changed`, `member_removed` or
    /// `session_deleted`.
    #[serde(rename = "type")]
    #[schema(example = "mention")]
    pub kind: &'a str,
    /// The ids and names that show it without another request. The `excerpt` of a `mention` is the beginning of what its
    /// message says now, and `null` once that was deleted.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
    /// When it was read.
    #[schema(required = true)]
    pub read_at: Option<Time>,
    /// Since when.
    pub created_at: Time,
}

impl<'a> NotificationView<'a> {
    /// A new one.
    #[must_use]
    pub fn fresh(notification: &'a Notification) -> Self {
        Self {
            id: notification.id.0,
            kind: notification.notice.kind(),
            data: to_raw_value(&notification.notice).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            read_at: None,
            created_at: notification.created_at.into(),
        }
    }
}

impl<'a> From<&'a StoredNotification> for NotificationView<'a> {
    fn from(stored: &'a StoredNotification) -> Self {
        Self {
            id: stored.id.0,
            kind: &stored.kind,
            data: RawValue::from_string(stored.data.clone()).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            read_at: stored.read_at.map(Time),
            created_at: stored.created_at.into(),
        }
    }
}

/// A page of notifications.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NotificationPage)]
pub struct NotificationPageView<'a> {
    /// The notifications, the newest first.
    pub items: Vec<NotificationView<'a>>,
    /// Where the next page starts; `null` at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// How many of one's notifications are unread altogether.
    pub unread_count: i64,
}

impl<'a> From<&'a NotificationPage> for NotificationPageView<'a> {
    fn from(listed: &'a NotificationPage) -> Self {
        Self {
            items: listed.page.items.iter().map(NotificationView::from).collect(),
            next_cursor: listed.page.next.map(|id| encode_id(id.0)),
            unread_count: listed.unread_count,
        }
    }
}
