//! Who may connect. A refusal reaches the client as `connect_error` with the error code as its message.

use std::{convert::Infallible, fmt, sync::Arc};

use rondo_wire::{ErrorCode, Fault, socket::Handshake};
use socketioxide::{
    adapter::LocalAdapter,
    extract::{SocketRef, TryData},
    handler::FromConnectParts,
    socket::{DisconnectReason, Socket},
};
use socketioxide_core::Value;

use super::{
    Gateway,
    bucket::Bucket,
    connection::{Connection, Stream},
    dispatch::Intake,
    lifeline::Lifeline,
};
use crate::trace;

/// The token of a handshake, if there is one.
pub(super) struct Auth(Option<String>);

impl FromConnectParts<LocalAdapter> for Auth {
    type Error = Infallible;

    fn from_connect_parts(socket: &Arc<Socket>, auth: &Option<Value>) -> Result<Self, Infallible> {
        let TryData(handshake) = TryData::<Handshake>::from_connect_parts(socket, auth)?;
        Ok(Self(handshake.ok().map(|handshake| handshake.token)))
    }
}

/// What the client hears: nothing but a code.
pub(super) struct Refused(ErrorCode);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Lets a client in, and makes it ready for its first event.
pub(super) async fn admit(gateway: &Arc<Gateway>, socket: &SocketRef, auth: Auth) -> Result<(), Refused> {
    let admitted = let_in(gateway, socket, auth).await;
    gateway.figures.admissions.note(admitted.as_ref().err().map(|Refused(code)| *code));
    admitted
}

async fn let_in(gateway: &Arc<Gateway>, socket: &SocketRef, Auth(token): Auth) -> Result<(), Refused> {
    if gateway.stopping.is_cancelled() || gateway.is_full() {
        return Err(Refused(ErrorCode::Unavailable));
    }
    let token = token.ok_or(Refused(ErrorCode::Unauthenticated))?;
    let actor = gateway.services.accounts.authenticate(&token).await.map_err(|error| {
        let fault = Fault::from(error);
        tracing::info!(socket.id = %socket.id, error.code = fault.code.as_str(), error.cause = fault.cause, "socket refused");
        Refused(fault.code)
    })?;
    let stream = match socket.req_parts().extensions.get::<Lifeline>() {
        Some(Lifeline { token, backlog }) => Stream { cut: Some(token.clone()), backlog: Arc::clone(backlog) },
        None => Stream { cut: None, backlog: gateway.lifelines.admitted(socket.id) },
    };
    let bucket = gateway.socket_events.map(Bucket::new);
    let headers = &socket.req_parts().headers;
    let trace = trace::sent(|name| headers.get_all(name).iter().map(http::HeaderValue::as_bytes).collect());
    let connection = Arc::new(Connection::new(gateway.next_seat(), actor, bucket, stream, trace));
    socket.extensions.insert(Arc::clone(&connection));
    socket.on_fallback(Intake { gateway: Arc::clone(gateway), connection: Arc::clone(&connection) });
    let gateway = Arc::clone(gateway);
    socket.on_disconnect(async move |socket: SocketRef, reason: DisconnectReason| {
        gateway.farewell(&connection, &socket, reason).await;
    });
    Ok(())
}
