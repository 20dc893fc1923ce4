//! What happened in a session, as it is written to the log and heard by its members.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    ids::{SessionId, UserId},
    invitation::Invitation,
    message::Message,
    notification::{Notice, Notification},
    session::{Membership, Session},
    trace::TraceContext,
};

/// A place in a session's log: 1, 2, 3 … without gap or repeat, in commit order; 0 stands before the first event.
pub type Position = i64;

/// The kinds of lasting events, by their public names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A message was posted.
    MessageCreate,
    /// A message was edited.
    MessageUpdate,
    /// A message was deleted; a tombstone is left.
    MessageDelete,
    /// The session itself changed.
    SessionUpdate,
    /// The session was deleted; nothing follows it.
    SessionDelete,
    /// Somebody became a member, or a membership changed.
    MemberUpdate,
    /// Somebody left or was removed.
    MemberRemove,
    /// Somebody accepted an invitation, and is a member by it.
    InvitationAccept,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::MessageCreate,
        Self::MessageUpdate,
        Self::MessageDelete,
        Self::SessionUpdate,
        Self::SessionDelete,
        Self::MemberUpdate,
        Self::MemberRemove,
        Self::InvitationAccept,
    ];

    /// The public name, which is also the one in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessageCreate => "message:create",
            Self::MessageUpdate => "message:update",
            Self::MessageDelete => "message:delete",
            Self::SessionUpdate => "session:update",
            Self::SessionDelete => "session:delete",
            Self::MemberUpdate => "member:update",
            Self::MemberRemove => "member:remove",
            Self::InvitationAccept => "invitation:accept",
        }
    }

    /// Reads the public name; `None` when there is no such kind.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A lasting change, told with all that its hearers need to show it.
#[derive(Clone, Debug)]
pub enum SessionEvent {
    /// See [`EventKind::MessageCreate`].
    MessageCreated(Message),
    /// See [`EventKind::MessageUpdate`].
    MessageUpdated(Message),
    /// See [`EventKind::MessageDelete`].
    MessageDeleted(Message),
    /// See [`EventKind::SessionUpdate`].
    SessionUpdated(Session),
    /// See [`EventKind::SessionDelete`].
    SessionDeleted(SessionId),
    /// See [`EventKind::MemberUpdate`].
    MemberUpdated(Membership),
    /// See [`EventKind::MemberRemove`].
    MemberRemoved {
        /// Where.
        session: SessionId,
        /// Who is no longer in.
        user: UserId,
    },
    /// See [`EventKind::InvitationAccept`].
    InvitationAccepted {
        /// The invitation, accepted.
        invitation: Invitation,
        /// What came of it.
        membership: Membership,
    },
}

impl SessionEvent {
    /// The kind of this event.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::MessageCreated(_) => EventKind::MessageCreate,
            Self::MessageUpdated(_) => EventKind::MessageUpdate,
            Self::MessageDeleted(_) => EventKind::MessageDelete,
            Self::SessionUpdated(_) => EventKind::SessionUpdate,
            Self::SessionDeleted(_) => EventKind::SessionDelete,
            Self::MemberUpdated(_) => EventKind::MemberUpdate,
            Self::MemberRemoved { .. } => EventKind::MemberRemove,
            Self::InvitationAccepted { .. } => EventKind::InvitationAccept,
        }
    }

    /// The session in which it happened.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        match self {
            Self::MessageCreated(message) | Self::MessageUpdated(message) | Self::MessageDeleted(message) => {
                message.session_id
            }
            Self::SessionUpdated(session) => session.id,
            Self::SessionDeleted(session) | Self::MemberRemoved { session, .. } => *session,
            Self::MemberUpdated(membership) | Self::InvitationAccepted { membership, .. } => membership.session_id,
        }
    }

    /// What it is about: the message or the person. The session itself needs no other name.
    #[must_use]
    pub const fn subject(&self) -> Option<Uuid> {
        match self {
            Self::MessageCreated(message) | Self::MessageUpdated(message) | Self::MessageDeleted(message) => {
                Some(message.id.0)
            }
            Self::SessionUpdated(_) | Self::SessionDeleted(_) => None,
            Self::MemberUpdated(membership) | Self::InvitationAccepted { membership, .. } => Some(membership.user.id.0),
            Self::MemberRemoved { user, .. } => Some(user.0),
        }
    }
}

/// An event as the log keeps it. Its data was encoded once, when it was written; everywhere else these bytes travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Where it happened.
    pub session_id: SessionId,
    /// Its place in the session's log.
    pub position: Position,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// What it is about, see [`SessionEvent::subject`].
    pub subject: Option<Uuid>,
    /// The public JSON object, without `position`.
    pub data: Arc<str>,
    /// What it was committed by, while it is on its way and that is traced. The log does not keep it.
    pub trace: Option<TraceContext>,
}

/// Something that is for one person's connections, told in the transaction that made it.
#[derive(Clone, Debug)]
pub enum PersonalEvent {
    /// They were invited.
    InvitationCreated(Invitation),
    /// They were notified.
    NotificationCreated(Notification),
}

impl PersonalEvent {
    /// The kind of this event.
    #[must_use]
    pub const fn kind(&self) -> PersonalKind {
        match self {
            Self::InvitationCreated(_) => PersonalKind::InvitationCreate,
            Self::NotificationCreated(_) => PersonalKind::NotificationCreate,
        }
    }
}

/// The kinds of what is for one person's connections, by their public names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PersonalKind {
    /// They were invited.
    InvitationCreate,
    /// They were notified.
    NotificationCreate,
}

impl PersonalKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::InvitationCreate, Self::NotificationCreate];

    /// The public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvitationCreate => "invitation:create",
            Self::NotificationCreate => "notification:create",
        }
    }

    /// Reads the public name; `None` when there is no such kind.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Gives events their public JSON; stands here as a port because the shapes are not the domain's.
pub trait EventEncoder: Send + Sync {
    /// A JSON object without `position`.
    fn encode(&self, event: &SessionEvent) -> String;

    /// A JSON object.
    fn encode_personal(&self, event: &PersonalEvent) -> String;

    /// What a notification tells, as a JSON object.
    fn encode_notice(&self, notice: &Notice) -> String;

    /// The JSON object of an event about a message, with the message's content taken out.
    fn without_content(&self, data: &str) -> String;

    /// The JSON object that a mention tells, with another beginning of its message, or with none.
    fn with_excerpt(&self, data: &str, excerpt: Option<&str>) -> String;
}
