//! Inviting, answering, and taking back.

use async_graphql::{Context, ID, InputObject, Object};
use rondo_domain::{InvitationId, invalid::Check, invitation::Invite, limits::Rule};
use rondo_wire::body;

use super::input::id;
use crate::{
    fault::Outcome,
    object::{AcceptedInvitation, Invitation, InvitedRole},
    once::once,
    visit::Visit,
};

/// A new invitation.
#[derive(InputObject)]
struct CreateInvitationInput {
    /// Into which session.
    session_id: ID,
    /// Whom; the address need not have an account.
    email: String,
    /// As what.
    role: InvitedRole,
}

/// An invitation to accept.
#[derive(InputObject)]
struct AcceptInvitationInput {
    /// Which invitation.
    invitation_id: ID,
}

/// An invitation to decline.
#[derive(InputObject)]
struct DeclineInvitationInput {
    /// Which invitation.
    invitation_id: ID,
}

/// An invitation to take back.
#[derive(InputObject)]
struct RevokeInvitationInput {
    /// Which invitation.
    invitation_id: ID,
}

#[derive(Default)]
pub(super) struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Offers an address a seat in a session; it need not have an account. Owners invite into any of the roles, moderators
    /// as `MEMBER` or `VIEWER`. Who is invited hears `invitation:create` and is notified.
    async fn create_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new invitation.")] input: CreateInvitationInput,
    ) -> Outcome<Option<Invitation>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Invitation).await?;
        let CreateInvitationInput { session_id, email, role } = input;
        let invite = body::CreateInvitation { session_id: session_id.0, email, role: role.word().to_owned() };
        let invite = Invite::try_from(invite)?;
        once(ctx, &actor, |guard| visit.services.invitations.invite(&actor, invite, guard)).await.map(Some)
    }

    /// Makes one a member; who is one already gets the higher of the two roles. The members, the owners and the inviter hear
    /// `invitation:accept`, and the inviter is notified.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: AcceptInvitationInput,
    ) -> Outcome<Option<AcceptedInvitation>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let invitation = named(&input.invitation_id)?;
        once(ctx, &actor, |guard| visit.services.invitations.accept(&actor, invitation, guard)).await.map(Some)
    }

    /// Declines an invitation. The inviter is notified.
    async fn decline_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: DeclineInvitationInput,
    ) -> Outcome<Option<Invitation>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let invitation = named(&input.invitation_id)?;
        once(ctx, &actor, |guard| visit.services.invitations.decline(&actor, invitation, guard)).await.map(Some)
    }

    /// Takes an invitation back; for those who may invite into its role, whoever sent it.
    async fn revoke_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: RevokeInvitationInput,
    ) -> Outcome<Option<bool>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        visit.services.invitations.revoke(&actor, named(&input.invitation_id)?).await?;
        Ok(Some(true))
    }
}

fn named(invitation: &ID) -> Outcome<InvitationId> {
    let mut check = Check::default();
    Ok(id(&mut check, "invitationId", invitation).ok_or_else(|| check.failed())?)
}
