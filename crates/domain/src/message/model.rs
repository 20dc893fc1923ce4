//! The values of a message, and the rule by which one is let in.

use std::sync::Arc;

use super::MessageError;
use crate::{
    account::User,
    clock::Timestamp,
    idempotency::Guard,
    ids::{MessageId, SessionId, UserId},
    invalid::{Invalid, Reason},
    policy::{Action, Role},
    session::{Visibility, require},
    store::Posted,
    text,
};

/// What a message says: 1 to 4,000 characters after trimming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(String);

impl Content {
    /// Reads a text.
    ///
    /// # Errors
    /// `required`, `too_long`, `nul_character`.
    pub fn parse(raw: &str) -> Result<Self, Reason> {
        text::trimmed(raw, 1, 4_000).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text itself.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A name that a client gives a message before it is stored, so that a repeated send has effect once: 1 to 64
/// characters, unique per session and author.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientMessageId(String);

impl ClientMessageId {
    /// Reads a name.
    ///
    /// # Errors
    /// `required`, `too_long`, `nul_character`.
    pub fn parse(raw: &str) -> Result<Self, Reason> {
        text::trimmed(raw, 1, 64).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// Where.
    pub session_id: SessionId,
    /// Its number in the session, in commit order.
    pub seq: i64,
    /// Who wrote it. Shared: much of a page is mostly by few.
    pub author: Arc<User>,
    /// What it says; `None` once it was deleted.
    pub content: Option<String>,
    /// What its client called it.
    pub client_message_id: Option<String>,
    /// The message of the same session that it answers.
    pub reply_to: Option<MessageId>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// Which message is meant: by its id alone, or as one of a session, in which no other is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRef {
    /// Which.
    pub id: MessageId,
    /// The session in which it must be.
    pub within: Option<SessionId>,
}

impl From<MessageId> for MessageRef {
    fn from(id: MessageId) -> Self {
        Self { id, within: None }
    }
}

impl From<(SessionId, MessageId)> for MessageRef {
    fn from((session, id): (SessionId, MessageId)) -> Self {
        Self { id, within: Some(session) }
    }
}

/// What somebody wants to post.
#[derive(Clone, Debug)]
pub struct PostMessage {
    /// Where.
    pub session: SessionId,
    /// What.
    pub content: Content,
    /// What the client calls it.
    pub client_message_id: Option<ClientMessageId>,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
}

/// A post on its way to the writer.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// The id that it will have.
    pub id: MessageId,
    /// Who writes.
    pub author: UserId,
    /// What they post.
    pub post: PostMessage,
    /// When it came.
    pub created_at: Timestamp,
    /// What guards it against being written twice, besides its `client_message_id`. It remembers a repeated post too:
    /// as that was answered.
    pub guard: Option<Guard<Posted>>,
}

/// What the writer knows about a post once the session is locked.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Who may find the session; `None` when there is none or it was deleted.
    pub visibility: Option<Visibility>,
    /// The author's role.
    pub role: Option<Role>,
    /// Whether the message that it answers is one of this session; `true` when it answers none.
    pub reply_is_known: bool,
}

/// Whether a post is let in. Asked under the session's lock, so that a right that was lost before is lost.
///
/// # Errors
/// [`MessageError::Session`] with what [`require`] says, [`MessageError::Invalid`] on `replyTo`.
pub fn admit(standing: Standing) -> Result<(), MessageError> {
    let visibility = standing.visibility.ok_or(crate::session::SessionError::Unknown)?;
    require(visibility, standing.role, Action::Write)?;
    if !standing.reply_is_known {
        return Err(Invalid::field("replyTo", "unknown_message", "must be a message of the same session").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SessionError;

    const GOOD: Standing =
        Standing { visibility: Some(Visibility::Private), role: Some(Role::Member), reply_is_known: true };

    #[test]
    fn only_writers_of_a_living_session_are_let_in() {
        assert!(admit(GOOD).is_ok());
        let refused = |standing| match admit(standing) {
            Err(MessageError::Session(error)) => error,
            other => panic!("{other:?}"),
        };
        assert!(matches!(refused(Standing { visibility: None, ..GOOD }), SessionError::Unknown));
        assert!(matches!(refused(Standing { role: None, ..GOOD }), SessionError::Unknown));
        assert!(matches!(
            refused(Standing { role: None, visibility: Some(Visibility::Public), ..GOOD }),
            SessionError::NotMember
        ));
        assert!(matches!(
            refused(Standing { role: Some(Role::Viewer), ..GOOD }),
            SessionError::Forbidden(Role::Viewer)
        ));
    }

    #[test]
    fn an_answer_to_another_sessions_message_is_refused() {
        let error = admit(Standing { reply_is_known: false, ..GOOD }).unwrap_err();
        assert!(matches!(error, MessageError::Invalid(invalid) if invalid.violations[0].field == "replyTo"));
    }

    #[test]
    fn content_is_limited_in_characters() {
        assert!(Content::parse(&"🦤".repeat(4_000)).is_ok());
        assert_eq!(Content::parse(&"🦤".repeat(4_001)).unwrap_err().code, "too_long");
        assert_eq!(Content::parse("  \n ").unwrap_err().code, "required");
        assert_eq!(ClientMessageId::parse(&"x".repeat(65)).unwrap_err().code, "too_long");
    }
}
