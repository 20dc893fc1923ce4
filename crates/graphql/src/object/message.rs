//! Messages.

use async_graphql::SimpleObject;
use rondo_domain::message::Message as Stored;
use serde::Deserialize;

use super::User;
use crate::{
    connection::connection,
    scalar::{DateTime, Id},
};

/// A message.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    /// Which.
    id: Id,
    /// Where.
    session_id: Id,
    /// Its number in the session: 1, 2, 3 … without gap or repeat, in commit order.
    seq: i64,
    /// Who wrote it.
    author: User,
    /// What it says; `null` once it was deleted.
    content: Option<String>,
    /// What its client called it.
    client_message_id: Option<String>,
    /// The message that it answers.
    reply_to: Option<Id>,
    /// Since when.
    created_at: DateTime,
    /// When it was last edited.
    edited_at: Option<DateTime>,
    /// When it was deleted.
    deleted_at: Option<DateTime>,
}

impl From<&Stored> for Message {
    fn from(message: &Stored) -> Self {
        Self {
            id: Id(message.id.0),
            session_id: Id(message.session_id.0),
            seq: message.seq,
            author: message.author.as_ref().into(),
            content: message.content.clone(),
            client_message_id: message.client_message_id.clone(),
            reply_to: message.reply_to.map(|id| Id(id.0)),
            created_at: message.created_at.into(),
            edited_at: message.edited_at.map(DateTime::from),
            deleted_at: message.deleted_at.map(DateTime::from),
        }
    }
}

connection! {
    /// A page of a session's messages, the newest first.
    MessageConnection, MessageEdge of Message {
        /// How many messages the session has had, deleted ones too.
        total_count: i64,
    }
}
