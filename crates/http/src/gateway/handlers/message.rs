//! Messages.

use rondo_domain::{
    MessageId, SessionId,
    message::{Content, PostMessage},
};
use rondo_wire::{
    Fault,
    socket::{DeleteMessage, EditMessage, Nothing, ReadMessages, SendMessage},
    view::MessageView,
};

use crate::gateway::dispatch::{Context, Reply};

/// `message:create`: answers once stored; the hub tells the room.
pub(in crate::gateway) async fn create(context: &Context<'_>, request: SendMessage) -> Result<Reply, Fault> {
    let post = PostMessage::try_from(request)?;
    let posted = context.gateway.services.messages.post(&context.actor, post, None).await?;
    Reply::new(&MessageView::from(&posted.message))
}

/// `message:update`
pub(in crate::gateway) async fn update(context: &Context<'_>, request: EditMessage) -> Result<Reply, Fault> {
    let (message, text): (MessageId, Content) = request.try_into()?;
    let edited = context.gateway.services.messages.edit(&context.actor, message, text, None).await?;
    Reply::new(&MessageView::from(&edited))
}

/// `message:delete`
pub(in crate::gateway) async fn delete(context: &Context<'_>, request: DeleteMessage) -> Result<Reply, Fault> {
    let message: MessageId = request.try_into()?;
    let deleted = context.gateway.services.messages.delete(&context.actor, message).await?;
    Reply::new(&MessageView::from(&deleted))
}

/// `message:read`
pub(in crate::gateway) async fn read(context: &Context<'_>, request: ReadMessages) -> Result<Reply, Fault> {
    let (session, seq): (SessionId, i64) = request.try_into()?;
    context.gateway.services.messages.read(&context.actor, session, seq).await?;
    Reply::new(&Nothing {})
}
