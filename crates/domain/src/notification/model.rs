//! The values of a notification. Each holds the ids and names that show it without another request.

use std::collections::HashSet;

use serde::Serialize;

use crate::{
    account::User,
    clock::Timestamp,
    ids::{InvitationId, MessageId, NotificationId, SessionId, UserId},
    invitation::Invitation,
    policy::Role,
};

/// How many people one message may mention; further ones are not notified.
const MENTIONS: usize = 20;

/// Somebody, as a notification names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// Who.
    pub id: UserId,
    /// What they are called.
    pub display_name: String,
}

impl From<&User> for Who {
    fn from(user: &User) -> Self {
        Self { id: user.id, display_name: user.display_name.clone() }
    }
}

/// A session, as a notification names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Which.
    pub session_id: SessionId,
    /// What it is called.
    pub session_name: String,
}

/// An invitation, as a notification names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvitationFacts {
    /// Which.
    pub invitation_id: InvitationId,
    /// Into which session.
    #[serde(flatten)]
    pub place: Place,
    /// Who invites.
    pub inviter: Who,
    /// As what.
    pub role: Role,
    /// Who is invited.
    pub email: String,
}

impl From<&Invitation> for InvitationFacts {
    fn from(invitation: &Invitation) -> Self {
        Self {
            invitation_id: invitation.id,
            place: Place { session_id: invitation.session_id, session_name: invitation.session_name.clone() },
            inviter: Who::from(&invitation.inviter),
            role: invitation.role,
            email: invitation.email.clone(),
        }
    }
}

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Notice {
    /// They are invited.
    Invitation(InvitationFacts),
    /// Whom they invited has accepted.
    InvitationAccepted {
        /// The invitation.
        #[serde(flatten)]
        invitation: InvitationFacts,
        /// Who accepted.
        by: Who,
        /// The role that they have now.
        #[serde(rename = "grantedRole")]
        role: Role,
    },
    /// Whom they invited has declined.
    InvitationDeclined {
        /// The invitation.
        #[serde(flatten)]
        invitation: InvitationFacts,
        /// Who declined.
        by: Who,
    },
    /// Somebody mentioned them in a message.
    #[serde(rename_all = "camelCase")]
    Mention {
        /// Where.
        #[serde(flatten)]
        place: Place,
        /// In which message.
        message_id: MessageId,
        /// Its number.
        seq: i64,
        /// Who wrote it.
        by: Who,
        /// Its beginning, at most 200 characters; stored ones follow its edits, and have none once it is deleted.
        excerpt: String,
    },
    /// Their role was changed.
    #[serde(rename_all = "camelCase")]
    RoleChanged {
        /// Where.
        #[serde(flatten)]
        place: Place,
        /// What it is now.
        role: Role,
        /// What it was.
        previous_role: Role,
        /// Who changed it.
        by: Who,
    },
    /// They were removed from a session.
    MemberRemoved {
        /// Where from.
        #[serde(flatten)]
        place: Place,
        /// Who removed them.
        by: Who,
    },
    /// A session in which they were was deleted.
    SessionDeleted {
        /// Which.
        #[serde(flatten)]
        place: Place,
        /// Who deleted it.
        by: Who,
    },
}

impl Notice {
    /// The public word for its type.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Invitation(_) => "invitation",
            Self::InvitationAccepted { .. } => "invitation_accepted",
            Self::InvitationDeclined { .. } => "invitation_declined",
            Self::Mention { .. } => "mention",
            Self::RoleChanged { .. } => "role_changed",
            Self::MemberRemoved { .. } => "member_removed",
            Self::SessionDeleted { .. } => "session_deleted",
        }
    }

    /// Every type's public word.
    pub const KINDS: [&str; 7] = [
        "invitation",
        "invitation_accepted",
        "invitation_declined",
        "mention",
        "role_changed",
        "member_removed",
        "session_deleted",
    ];
}

/// A new notification of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Which.
    pub id: NotificationId,
    /// Whose.
    pub user_id: UserId,
    /// What they are told.
    pub notice: Notice,
    /// Since when.
    pub created_at: Timestamp,
}

impl Notification {
    /// A notification for somebody.
    #[must_use]
    pub fn new(user: UserId, notice: Notice, now: Timestamp) -> Self {
        Self { id: NotificationId::generate(), user_id: user, notice, created_at: now }
    }
}

/// A notification as it is read back: its data is the public JSON that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNotification {
    /// Which.
    pub id: NotificationId,
    /// The public word for its type.
    pub kind: String,
    /// The public JSON object.
    pub data: String,
    /// When it was read.
    pub read_at: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
}

/// Whom a text mentions by `<@userId>`, each once, at most 20.
#[must_use]
pub fn mentions(text: &str) -> Vec<UserId> {
    let mut seen = HashSet::new();
    let candidates = text.split("<@").skip(1).filter_map(|rest| rest.split_once('>')?.0.parse::<UserId>().ok());
    candidates.filter(|user| seen.insert(*user)).take(MENTIONS).collect()
}

/// The beginning of a text, at most 200 characters.
#[must_use]
pub fn excerpt(text: &str) -> String {
    text.chars().take(200).collect()
}

impl Notice {
    /// That somebody was mentioned.
    #[must_use]
    pub fn mention(place: Place, message_id: MessageId, seq: i64, by: Who, content: &str) -> Self {
        Self::Mention { place, message_id, seq, by, excerpt: excerpt(content) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_mentioned_by_id_once_each() {
        let (ada, grace) = (UserId::generate(), UserId::generate());
        let text = format!("hey <@{ada}> and <@{grace}>, <@{ada}>! <@nobody> <@ <@{grace}");
        assert_eq!(mentions(&text), [ada, grace]);
        let crowd = (0..30).map(|_| format!("<@{}>", UserId::generate())).collect::<Vec<_>>().concat();
        assert_eq!(mentions(&crowd).len(), MENTIONS);
    }

    #[test]
    fn a_notice_holds_what_shows_it() {
        let place = Place { session_id: SessionId::generate(), session_name: "Fulbito".to_owned() };
        let by = Who { id: UserId::generate(), display_name: "Ada".to_owned() };
        let notice = Notice::RoleChanged { place, role: Role::Viewer, previous_role: Role::Member, by };
        assert_eq!(notice.kind(), "role_changed");
        assert!(Notice::KINDS.contains(&notice.kind()));
    }
}
