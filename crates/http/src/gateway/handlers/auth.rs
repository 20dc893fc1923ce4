//! The life of a connection.

use rondo_wire::{
    ErrorCode, Fault, Time,
    socket::{ConnectionRefreshed, RefreshConnection},
};

use crate::gateway::dispatch::{Context, Reply};

/// `auth:refresh`: a newer token of the same person lengthens the connection's life; an older one of the same login leaves
/// it as it is.
pub(in crate::gateway) async fn refresh(context: &Context<'_>, request: RefreshConnection) -> Result<Reply, Fault> {
    let actor = context.gateway.services.accounts.authenticate(&request.token).await?;
    if actor.user != context.actor.user {
        return Err(Fault::new(ErrorCode::Forbidden, "This token is somebody else's."));
    }
    let actor = context.connection.renew(actor);
    context.gateway.end_if_signed_out(context.socket, context.connection).await;
    Reply::new(&ConnectionRefreshed { expires_at: Time(actor.expires_at) })
}
