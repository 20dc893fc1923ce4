//! The values of an invitation.

use crate::{
    account::{Email, User},
    clock::Timestamp,
    ids::{InvitationId, SessionId},
    invalid::Reason,
    invitation::InvitationError,
    policy::Role,
};

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It waits for an answer.
    Pending,
    /// It was accepted.
    Accepted,
    /// It was declined.
    Declined,
    /// It was taken back.
    Revoked,
    /// Nobody answered in time.
    Expired,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Accepted, Self::Declined, Self::Revoked, Self::Expired];

    /// The public word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// Reads the public word; `None` when it names no status.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Which.
    pub id: InvitationId,
    /// Into which session.
    pub session_id: SessionId,
    /// What that session is called.
    pub session_name: String,
    /// Who invites.
    pub inviter: User,
    /// Who is invited: an address in lower case.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Where it stands. A pending one whose time is up reads as expired, see [`Invitation::at`].
    pub status: Status,
    /// Until when it may be answered.
    pub expires_at: Timestamp,
    /// Since when.
    pub created_at: Timestamp,
}

impl Invitation {
    /// The invitation as it stands at a moment.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if self.status == Status::Pending && self.expires_at <= now {
            self.status = Status::Expired;
        }
        self
    }

    /// Answers it or takes it back.
    ///
    /// # Errors
    /// [`InvitationError::Settled`] when it does not wait any more.
    pub fn settle(self, status: Status, now: Timestamp) -> Result<Self, InvitationError> {
        let invitation = self.at(now);
        match invitation.status {
            Status::Pending => Ok(Self { status, ..invitation }),
            settled => Err(InvitationError::Settled(settled)),
        }
    }
}

/// A wish to invite.
#[derive(Clone, Debug)]
pub struct Invite {
    /// Into which session.
    pub session: SessionId,
    /// Whom.
    pub email: Email,
    /// As what; never owner.
    pub role: Role,
}

impl Invite {
    /// Reads the role of an invitation: ownership is not among them.
    ///
    /// # Errors
    /// `invalid_value`.
    pub fn role(word: &str) -> Result<Role, Reason> {
        match Role::parse(word) {
            Ok(Role::Owner) | Err(_) => Err(Reason::new("invalid_value", "must be one of moderator, member, viewer")),
            Ok(role) => Ok(role),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::ids::UserId;

    fn invitation(now: Timestamp) -> Invitation {
        let inviter = User {
            id: UserId::generate(),
            email: "ada@example.org".to_owned(),
            display_name: "Ada".to_owned(),
            avatar_url: None,
            bio: None,
            created_at: now,
        };
        Invitation {
            id: InvitationId::generate(),
            session_id: SessionId::generate(),
            session_name: "Fulbito".to_owned(),
            inviter,
            email: "grace@example.org".to_owned(),
            role: Role::Member,
            status: Status::Pending,
            expires_at: now + TimeDelta::days(7),
            created_at: now,
        }
    }

    #[test]
    fn an_invitation_is_settled_once_and_in_time() {
        let now = DateTime::from_timestamp_millis(1_769_860_800_000).unwrap();
        let accepted = invitation(now).settle(Status::Accepted, now).unwrap();
        assert_eq!(accepted.status, Status::Accepted);
        assert!(matches!(accepted.settle(Status::Declined, now), Err(InvitationError::Settled(Status::Accepted))));
        let late = invitation(now).settle(Status::Accepted, now + TimeDelta::days(7));
        assert!(matches!(late, Err(InvitationError::Settled(Status::Expired))));
    }

    #[test]
    fn nobody_is_invited_as_owner() {
        assert_eq!(Invite::role("viewer"), Ok(Role::Viewer));
        assert_eq!(Invite::role("owner").unwrap_err().code, "invalid_value");
    }
}
