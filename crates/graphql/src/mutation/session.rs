//! Making, changing, deleting, joining and leaving sessions, and how far one has read.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use rondo_domain::{
    SessionId,
    invalid::Check,
    limits::Rule,
    session::{NewSession, SessionChange},
};
use rondo_wire::body;

use super::input::{id, settable};
use crate::{
    fault::Outcome,
    object::{Session, Visibility},
    once::once,
    visit::Visit,
};

/// A new session, owned by its maker.
#[derive(InputObject)]
struct CreateSessionInput {
    /// 1 to 100 characters.
    name: String,
    /// At most 1,000 characters.
    description: Option<String>,
    /// A CSS colour such as `#75aadb` or `teal`.
    color: Option<String>,
    /// An http or https address of a picture.
    image_url: Option<String>,
    /// Who may find it; `PRIVATE` when nothing is said.
    visibility: Option<Visibility>,
}

/// A change of a session: what is left out stays, `null` empties.
#[derive(InputObject)]
struct UpdateSessionInput {
    /// Which session.
    session_id: ID,
    /// 1 to 100 characters; cannot be emptied.
    name: MaybeUndefined<String>,
    /// At most 1,000 characters.
    description: MaybeUndefined<String>,
    /// A CSS colour such as `#75aadb` or `teal`.
    color: MaybeUndefined<String>,
    /// An http or https address of a picture.
    image_url: MaybeUndefined<String>,
    /// Who may find it; cannot be emptied.
    visibility: MaybeUndefined<Visibility>,
}

/// A session to delete.
#[derive(InputObject)]
struct DeleteSessionInput {
    /// Which session.
    session_id: ID,
}

/// A session to join.
#[derive(InputObject)]
struct JoinSessionInput {
    /// Which session.
    session_id: ID,
}

/// A session to leave.
#[derive(InputObject)]
struct LeaveSessionInput {
    /// Which session.
    session_id: ID,
}

/// How far one has read.
#[derive(InputObject)]
struct MarkReadInput {
    /// Which session.
    session_id: ID,
    /// The `seq` of the last message that was read; 0 for none.
    seq: i64,
}

#[derive(Default)]
pub(super) struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Makes a session of which one is the owner.
    async fn create_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new session.")] input: CreateSessionInput,
    ) -> Outcome<Option<Session>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::NewSession).await?;
        let CreateSessionInput { name, description, color, image_url, visibility } = input;
        let visibility = visibility.map(|visibility| visibility.word().to_owned());
        let new = NewSession::try_from(body::CreateSession { name, description, color, image_url, visibility })?;
        once(ctx, &actor, |guard| visit.services.sessions.create(&actor, new, guard)).await.map(Some)
    }

    /// Changes a session; for its owners. Its members hear `session:update`.
    async fn update_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateSessionInput,
    ) -> Outcome<Option<Session>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let mut check = Check::default();
        let session = id(&mut check, "sessionId", &input.session_id);
        let name = settable(&mut check, "name", input.name);
        let visibility = settable(&mut check, "visibility", input.visibility);
        let Some(session) = session else { return Err(check.failed().into()) };
        check.passed()?;
        let change = SessionChange::try_from(body::UpdateSession {
            name,
            description: input.description.into(),
            color: input.color.into(),
            image_url: input.image_url.into(),
            visibility: visibility.map(|visibility| visibility.word().to_owned()),
        })?;
        once(ctx, &actor, |guard| visit.services.sessions.update(&actor, session, change, guard)).await.map(Some)
    }

    /// Deletes a session; for its owners. Its members hear `session:delete`.
    async fn delete_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: DeleteSessionInput,
    ) -> Outcome<Option<bool>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        visit.services.sessions.delete(&actor, named(&input.session_id)?).await?;
        Ok(Some(true))
    }

    /// Makes one a member of a public session; without effect for who is in already.
    async fn join_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: JoinSessionInput,
    ) -> Outcome<Option<Session>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let session = named(&input.session_id)?;
        once(ctx, &actor, |guard| visit.services.sessions.join(&actor, session, guard)).await.map(Some)
    }

    /// Ends one's membership. The last owner cannot leave.
    async fn leave_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: LeaveSessionInput,
    ) -> Outcome<Option<bool>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let session = named(&input.session_id)?;
        once(ctx, &actor, |guard| visit.services.sessions.leave(&actor, session, guard)).await.map(Some)
    }

    /// Moves one's read marker, never back. The room hears `message:read`.
    async fn mark_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How far.")] input: MarkReadInput,
    ) -> Outcome<Option<bool>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let session = named(&input.session_id)?;
        let seq = i64::try_from(body::MarkRead { seq: input.seq })?;
        visit.services.messages.read(&actor, session, seq).await?;
        Ok(Some(true))
    }
}

fn named(session: &ID) -> Outcome<SessionId> {
    let mut check = Check::default();
    Ok(id(&mut check, "sessionId", session).ok_or_else(|| check.failed())?)
}
