//! Bodies about invitations and roles.

use rondo_domain::{
    Invalid,
    account::Email,
    invalid::{Check, Reason},
    invitation::Invite,
    policy::Role,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"sessionId": "019c0e3a-5c00-7000-8000-000000000003", "email": "grace@example.org", "role": "member"}))]
pub struct CreateInvitation {
    /// Into which session.
    #[schema(format = Uuid)]
    pub session_id: String,
    /// Whom; the address need not have an account.
    #[schema(format = Email, max_length = 254)]
    pub email: String,
    /// `moderator`, `member` or `viewer`.
    #[schema(value_type = crate::view::InvitedRoleView)]
    pub role: String,
}

impl TryFrom<CreateInvitation> for Invite {
    type Error = Invalid;

    fn try_from(body: CreateInvitation) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let uuid = |_| Reason::new("invalid_format", "must be a UUID");
        let session = check.field("sessionId", body.session_id.parse().map_err(uuid));
        let email = check.field("email", Email::parse(&body.email));
        let role = check.field("role", Self::role(&body.role));
        match (session, email, role) {
            (Some(session), Some(email), Some(role)) => Ok(Self { session, email, role }),
            _ => Err(check.failed()),
        }
    }
}

/// Another role for a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"role": "moderator"}))]
pub struct ChangeRole {
    /// `owner`, `moderator`, `member` or `viewer`.
    #[schema(value_type = crate::view::RoleView)]
    pub role: String,
}

impl TryFrom<ChangeRole> for Role {
    type Error = Invalid;

    fn try_from(body: ChangeRole) -> Result<Self, Invalid> {
        let mut check = Check::default();
        check.field("role", Self::parse(&body.role)).ok_or_else(|| check.failed())
    }
}
