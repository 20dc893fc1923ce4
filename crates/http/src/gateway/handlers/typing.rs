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
    gateway.services.messages.may_type(actor, session).await?;
    if gateway.typing.start(session, actor.user) {
        gateway.services.messages.show_typing(actor.user, session, true).await?;
    }
    Reply::new(&Nothing {})
}

/// `typing:stop`: without effect for whoever does not type.
pub(in crate::gateway) async fn stop(context: &Context<'_>, request: LeaveSession) -> Result<Reply, Fault> {
    let session = joined(context, request)?;
    let Context { gateway, actor, .. } = context;
    if gateway.typing.stop(session, actor.user) {
        gateway.services.messages.show_typing(actor.user, session, false).await?;
    }
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
