//! Who is in a session and as what.

use async_graphql::{Context, ID, InputObject, Object};
use rondo_domain::{SessionId, UserId, invalid::Check, limits::Rule};

use super::input::id;
use crate::{
    fault::Outcome,
    object::{Membership, Role},
    once::once,
    visit::Visit,
};

/// Another role for a member.
#[derive(InputObject)]
struct UpdateMemberInput {
    /// Which session.
    session_id: ID,
    /// Which member.
    user_id: ID,
    /// As what from now on.
    role: Role,
}

/// A member to remove.
#[derive(InputObject)]
struct RemoveMemberInput {
    /// Which session.
    session_id: ID,
    /// Which member.
    user_id: ID,
}

#[derive(Default)]
pub(super) struct MemberMutation;

#[Object]
impl MemberMutation {
    /// Gives a member another role; for owners, who hand ownership on in this way too. The members hear `member:update`.
    async fn update_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateMemberInput,
    ) -> Outcome<Option<Membership>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let (session, user) = named(&input.session_id, &input.user_id)?;
        let role = input.role.into();
        once(ctx, &actor, |guard| visit.services.members.change_role(&actor, session, user, role, guard))
            .await
            .map(Some)
    }

    /// Removes a member; of oneself it is leaving. The members hear `member:remove`.
    async fn remove_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member.")] input: RemoveMemberInput,
    ) -> Outcome<Option<bool>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let (session, user) = named(&input.session_id, &input.user_id)?;
        visit.services.members.remove(&actor, session, user).await?;
        Ok(Some(true))
    }
}

fn named(session: &ID, user: &ID) -> Outcome<(SessionId, UserId)> {
    let mut check = Check::default();
    let session = id(&mut check, "sessionId", session);
    let user = id(&mut check, "userId", user);
    Ok(session.zip(user).ok_or_else(|| check.failed())?)
}
