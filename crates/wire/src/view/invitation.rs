//! Invitations.

use rondo_domain::{
    InvitationId,
    invitation::{Accepted, Invitation, Status},
    page::Page,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{MembershipView, RoleView, UserView};
use crate::{Time, encode_id};

/// A role that can be invited into.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InvitedRole)]
pub enum InvitedRoleView {
    /// Keeps order.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads.
    Viewer,
}

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InvitationStatus)]
pub enum InvitationStatusView {
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

impl From<Status> for InvitationStatusView {
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

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation)]
pub struct InvitationView<'a> {
    /// Which.
    pub id: Uuid,
    /// Into which session.
    pub session_id: Uuid,
    /// What that session is called.
    #[schema(example = "Fulbito del jueves")]
    pub session_name: &'a str,
    /// Who invites.
    pub inviter: UserView<'a>,
    /// Who is invited, in lower case.
    #[schema(example = "grace@example.org")]
    pub email: &'a str,
    /// As what.
    pub role: RoleView,
    /// Where it stands.
    pub status: InvitationStatusView,
    /// Until when it may be answered.
    pub expires_at: Time,
    /// Since when.
    pub created_at: Time,
}

impl<'a> From<&'a Invitation> for InvitationView<'a> {
    fn from(invitation: &'a Invitation) -> Self {
        Self {
            id: invitation.id.0,
            session_id: invitation.session_id.0,
            session_name: &invitation.session_name,
            inviter: UserView::of(&invitation.inviter),
            email: &invitation.email,
            role: invitation.role.into(),
            status: invitation.status.into(),
            expires_at: invitation.expires_at.into(),
            created_at: invitation.created_at.into(),
        }
    }
}

/// A page of invitations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvitationPage)]
pub struct InvitationPageView<'a> {
    /// The invitations, the newest first.
    pub items: Vec<InvitationView<'a>>,
    /// Where the next page starts; `null` at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<'a> From<&'a Page<Invitation, InvitationId>> for InvitationPageView<'a> {
    fn from(page: &'a Page<Invitation, InvitationId>) -> Self {
        Self {
            items: page.items.iter().map(InvitationView::from).collect(),
            next_cursor: page.next.map(|id| encode_id(id.0)),
        }
    }
}

/// An accepted invitation and what came of it: the answer, and what `invitation:accept` carries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvitationAccepted)]
pub struct AcceptedView<'a> {
    /// The invitation, accepted.
    pub invitation: InvitationView<'a>,
    /// The membership.
    pub membership: MembershipView<'a>,
}

impl<'a> From<&'a Accepted> for AcceptedView<'a> {
    fn from(accepted: &'a Accepted) -> Self {
        Self { invitation: (&accepted.invitation).into(), membership: (&accepted.membership).into() }
    }
}
