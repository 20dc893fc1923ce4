//! Invitations.

use async_graphql::{Enum, SimpleObject};
use rondo_domain::{
    invitation::{Accepted, Invitation as Stored, Status},
    policy::Role as Rank,
};
use serde::Deserialize;

use super::{Membership, Role, User};
use crate::{
    connection::connection,
    scalar::{DateTime, Id},
};

/// A role that can be invited into: ownership is handed on to members.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub(crate) enum InvitedRole {
    /// Keeps order.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads.
    Viewer,
}

impl InvitedRole {
    /// The word that the other surfaces use.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Moderator => Rank::Moderator.as_str(),
            Self::Member => Rank::Member.as_str(),
            Self::Viewer => Rank::Viewer.as_str(),
        }
    }
}

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, Deserialize, Enum, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InvitationStatus {
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

impl From<Status> for InvitationStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Accepted => Self::Accepted,
            Status::Declined => Self::Declined,
            Status::Revoked => Self::Revoked,
            Status::Expired => Self::Expired,
        }
    }
}

/// An invitation into a session.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invitation {
    /// Which.
    id: Id,
    /// Into which session.
    session_id: Id,
    /// What that session is called.
    session_name: String,
    /// Who invites.
    inviter: User,
    /// Who is invited, in lower case.
    email: String,
    /// As what.
    role: Role,
    /// Where it stands.
    status: InvitationStatus,
    /// Until when it may be answered.
    expires_at: DateTime,
    /// Since when.
    created_at: DateTime,
}

impl From<&Stored> for Invitation {
    fn from(invitation: &Stored) -> Self {
        Self {
            id: Id(invitation.id.0),
            session_id: Id(invitation.session_id.0),
            session_name: invitation.session_name.clone(),
            inviter: (&invitation.inviter).into(),
            email: invitation.email.clone(),
            role: invitation.role.into(),
            status: invitation.status.into(),
            expires_at: invitation.expires_at.into(),
            created_at: invitation.created_at.into(),
        }
    }
}

connection! {
    /// A page of invitations, the newest first.
    InvitationConnection, InvitationEdge of Invitation {}
}

/// An accepted invitation and what came of it.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct AcceptedInvitation {
    /// The invitation, accepted.
    invitation: Invitation,
    /// The membership.
    membership: Membership,
}

impl AcceptedInvitation {
    pub(crate) fn into_parts(self) -> (Invitation, Membership) {
        (self.invitation, self.membership)
    }
}

impl From<&Accepted> for AcceptedInvitation {
    fn from(accepted: &Accepted) -> Self {
        Self { invitation: (&accepted.invitation).into(), membership: (&accepted.membership).into() }
    }
}
