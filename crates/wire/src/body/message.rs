//! Bodies about messages.

use rondo_domain::{
    Invalid, SessionId,
    invalid::{Check, Reason},
    message::{ClientMessageId, Content, PostMessage},
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"content": "¡Golazo!", "clientMessageId": "c-1"}))]
pub struct CreateMessage {
    /// 1 to 4,000 characters after trimming.
    #[schema(min_length = 1, max_length = 4000)]
    pub content: String,
    /// A name of the client's own, so that a repeated send has effect once: 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    pub client_message_id: Option<String>,
    /// A message of the same session that this one answers.
    #[schema(format = Uuid)]
    pub reply_to: Option<String>,
}

impl CreateMessage {
    /// The message for a session, with all that is wrong in one answer; `check` may hold faults already.
    ///
    /// # Errors
    /// Each refused field.
    pub fn check(self, session: Option<SessionId>, mut check: Check) -> Result<PostMessage, Invalid> {
        let content = check.field("content", Content::parse(&self.content));
        let client_message_id =
            check.optional("clientMessageId", self.client_message_id, |name| ClientMessageId::parse(&name));
        let reply_to = check.optional("replyTo", self.reply_to, |id| {
            id.parse().map_err(|_| Reason::new("invalid_format", "must be a UUID"))
        });
        match (session, content, client_message_id, reply_to) {
            (Some(session), Some(content), Some(client_message_id), Some(reply_to)) => {
                Ok(PostMessage { session, content, client_message_id, reply_to })
            }
            _ => Err(check.failed()),
        }
    }
}

/// What one's message says now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"content": "¡Golazo de media cancha!"}))]
pub struct UpdateMessage {
    /// 1 to 4,000 characters after trimming.
    #[schema(min_length = 1, max_length = 4000)]
    pub content: String,
}

impl TryFrom<UpdateMessage> for Content {
    type Error = Invalid;

    fn try_from(body: UpdateMessage) -> Result<Self, Invalid> {
        let mut check = Check::default();
        check.field("content", Self::parse(&body.content)).ok_or_else(|| check.failed())
    }
}

/// How far one has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"seq": 12}))]
pub struct MarkRead {
    /// The `seq` of the last message that was read; 0 for none.
    #[schema(minimum = 0)]
    pub seq: i64,
}

impl TryFrom<MarkRead> for i64 {
    type Error = Invalid;

    fn try_from(body: MarkRead) -> Result<Self, Invalid> {
        let mut check = Check::default();
        check.field("seq", seq(body.seq)).ok_or_else(|| check.failed())
    }
}

pub(crate) fn seq(raw: i64) -> Result<i64, Reason> {
    if raw >= 0 { Ok(raw) } else { Err(Reason::new("out_of_range", "must be 0 or more")) }
}
