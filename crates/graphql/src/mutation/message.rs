//! Writing, editing and deleting messages.

use async_graphql::{Context, ID, InputObject, Object};
use rondo_domain::{
    invalid::Check,
    limits::Rule,
    message::{Content, MessageRef},
    store::Posted,
};
use rondo_wire::body;

use super::input::id;
use crate::{fault::Outcome, object::Message, once::once, visit::Visit};

/// A new message.
#[derive(InputObject)]
struct CreateMessageInput {
    /// In which session.
    session_id: ID,
    /// 1 to 4,000 characters after trimming.
    content: String,
    /// A name of the client's own, so that a repeated send has effect once: 1 to 64 characters.
    client_message_id: Option<String>,
    /// A message of the same session that this one answers.
    reply_to: Option<ID>,
}

/// What one's message says now.
#[derive(InputObject)]
struct UpdateMessageInput {
    /// Which message.
    message_id: ID,
    /// The session in which it must be; left out, any.
    session_id: Option<ID>,
    /// 1 to 4,000 characters after trimming.
    content: String,
}

/// A message to delete.
#[derive(InputObject)]
struct DeleteMessageInput {
    /// Which message.
    message_id: ID,
    /// The session in which it must be; left out, any.
    session_id: Option<ID>,
}

#[derive(Default)]
pub(super) struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Posts a message and answers once it is durable; its session's members hear `message:create`. A `clientMessageId` that
    /// one used in this session before gives the first message again, and has no other effect.
    async fn create_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new message.")] input: CreateMessageInput,
    ) -> Outcome<Option<Message>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Message).await?;
        let CreateMessageInput { session_id, content, client_message_id, reply_to } = input;
        let mut check = Check::default();
        let session = id(&mut check, "sessionId", &session_id);
        let reply_to = reply_to.map(|id| id.0);
        let post = body::CreateMessage { content, client_message_id, reply_to }.check(session, check)?;
        once::<Posted, _, _>(ctx, &actor, |guard| visit.services.messages.post(&actor, post, guard)).await.map(Some)
    }

    /// Changes what one's own message says. The members hear `message:update`.
    async fn update_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateMessageInput,
    ) -> Outcome<Option<Message>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Message).await?;
        let message = named(&input.message_id, input.session_id.as_ref())?;
        let content = Content::try_from(body::UpdateMessage { content: input.content })?;
        once(ctx, &actor, |guard| visit.services.messages.edit(&actor, message, content, guard)).await.map(Some)
    }

    /// Deletes a message; for its author, moderators and owners. A tombstone keeps its `seq`, with `content: null`; the
    /// content leaves the events that are kept, too. The members hear `message:delete`.
    async fn delete_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which message.")] input: DeleteMessageInput,
    ) -> Outcome<Option<Message>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Message).await?;
        let message = named(&input.message_id, input.session_id.as_ref())?;
        Ok(Some((&visit.services.messages.delete(&actor, message).await?).into()))
    }
}

fn named(message: &ID, session: Option<&ID>) -> Outcome<MessageRef> {
    let mut check = Check::default();
    let message = id(&mut check, "messageId", message);
    let within = session.and_then(|session| id(&mut check, "sessionId", session));
    check.passed()?;
    let id = message.ok_or_else(|| rondo_wire::Fault::internal("an id passed that is none"))?;
    Ok(MessageRef { id, within })
}
