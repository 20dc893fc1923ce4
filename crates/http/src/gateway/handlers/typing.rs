//! Typing: shown to the room, never stored.

use rondo_domain::SessionId;
use rondo_wire::{
    ErrorCode, Fault,
    socket::{LeaveSession, Nothing},
};

use crate::gateway::dispatch::{Context, Reply};

/// `typing:start`: shown once; a renewal lengthens it.
pub(in crate::gateway) async fn start(context: &Context<'_>, request: LeaveSession) -> Result<Reply, Fault> {
    let session = joined(context, request)?;
    let Context { gateway, actor, .. } = context;
    let messages = &gateway.services.messages;
    messages.may_type(actor, session).await?;
    if !gateway.typing.renew(session, actor.user)
        && let Some(user) = messages.find_typist(actor).await?
        && gateway.typing.start(session, user.clone())
    {
        messages.show_typing(user, session, true);
    }
    Reply::new(&Nothing {})
}

/// `typing:stop`: without effect for whoever does not type.
pub(in crate::gateway) fn stop(context: &Context<'_>, request: LeaveSession) -> Result<Reply, Fault> {
    let session = joined(context, request)?;
    let Context { gateway, actor, .. } = context;
    gateway.stop_typing(session, actor.user);
    Reply::new(&Nothing {})
}

fn joined(context: &Context<'_>, request: LeaveSession) -> Result<SessionId, Fault> {
    let session = request.try_into()?;
    if context.connection.has_joined(session) {
        Ok(session)
    } else {
        Err(Fault::new(ErrorCode::NotJoined, "Join the session first."))
    }
}
