//! Messages.

use rondo_domain::{
    message::Message,
    page::{MessageKey, Page},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::UserView;
use crate::{Time, encode_message};

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Message)]
pub struct MessageView<'a> {
    /// Which.
    pub id: Uuid,
    /// Where.
    pub session_id: Uuid,
    /// Its number in the session: 1, 2, 3 … without gap or repeat, in commit order.
    #[schema(minimum = 1)]
    pub seq: i64,
    /// Who wrote it.
    pub author: UserView<'a>,
    /// What it says; `null` once it was deleted.
    #[schema(required = true, example = "¡Golazo!")]
    pub content: Option<&'a str>,
    /// What its client called it.
    #[schema(required = true)]
    pub client_message_id: Option<&'a str>,
    /// The message that it answers.
    #[schema(required = true)]
    pub reply_to: Option<Uuid>,
    /// Since when.
    pub created_at: Time,
    /// When it was last edited.
    #[schema(required = true)]
    pub edited_at: Option<Time>,
    /// When it was deleted.
    #[schema(required = true)]
    pub deleted_at: Option<Time>,
}

impl<'a> From<&'a Message> for MessageView<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id.0,
            session_id: message.session_id.0,
            seq: message.seq,
            author: UserView::of(&message.author),
            content: message.content.as_deref(),
            client_message_id: message.client_message_id.as_deref(),
            reply_to: message.reply_to.map(|id| id.0),
            created_at: message.created_at.into(),
            edited_at: message.edited_at.map(Time),
            deleted_at: message.deleted_at.map(Time),
        }
    }
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessagePage)]
pub struct MessagePageView<'a> {
    /// The messages: newest first, or oldest first after `afterSeq`.
    pub items: Vec<MessageView<'a>>,
    /// Where the next page starts; `null` at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<'a> From<&'a Page<Message, MessageKey>> for MessagePageView<'a> {
    fn from(page: &'a Page<Message, MessageKey>) -> Self {
        Self {
            items: page.items.iter().map(MessageView::from).collect(),
            next_cursor: page.next.as_ref().map(encode_message),
        }
    }
}
