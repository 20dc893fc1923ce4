//! The one way in for events: taken inline so that their order holds, and the table of their handlers.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use rondo_domain::{SessionId, account::Actor, event::Position, limits::Rule};
use rondo_wire::{ErrorCode, Fault, decode, socket::Ack};
use serde::Serialize;
use serde_json::value::RawValue;
use socketioxide::{
    adapter::LocalAdapter,
    extract::{AckSender, SocketRef},
    handler::{FromMessageParts, MessageHandler},
    socket::Socket,
};
use socketioxide_core::Value;

use super::{
    Gateway,
    bucket::Passage,
    connection::{Connection, Queued},
    handlers,
};

/// When to try again after a queue was full.
const RETRY: Duration = Duration::from_millis(500);

/// An event as it came.
pub(super) struct Incoming {
    pub(super) socket: SocketRef,
    pub(super) ack: AckSender,
    /// Whether the client wishes an acknowledgement.
    pub(super) asks: bool,
    /// The JSON array of the event's name and its arguments.
    pub(super) text: Box<str>,
}

impl Incoming {
    /// Whether it posts a message, as official clients write it; however it is written it is handled the same.
    pub(super) fn is_post(&self) -> bool {
        self.text.starts_with("[\"message:create\",")
    }

    pub(super) fn size(&self) -> usize {
        self.text.len()
    }
}

/// What a handler knows.
pub(super) struct Context<'a> {
    pub(super) gateway: &'a Arc<Gateway>,
    pub(super) connection: &'a Arc<Connection>,
    pub(super) socket: &'a SocketRef,
    pub(super) actor: Actor,
}

/// What a handler answers.
pub(super) struct Reply {
    pub(super) data: Box<RawValue>,
    /// The session that goes live right after the acknowledgement.
    pub(super) live: Option<(SessionId, Position)>,
}

impl Reply {
    /// Data for the acknowledgement.
    pub(super) fn new(data: &impl Serialize) -> Result<Self, Fault> {
        let data = serde_json::value::to_raw_value(data).map_err(|error| Fault::internal(error.to_string()))?;
        Ok(Self { data, live: None })
    }

    /// Lets the connection hear what comes after `position`, once it was acknowledged.
    pub(super) fn then_live(self, session: SessionId, position: Position) -> Self {
        Self { live: Some((session, position)), ..self }
    }
}

/// The events that clients may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientEvent {
    SessionJoin,
    SessionLeave,
    MessageCreate,
    MessageUpdate,
    MessageDelete,
    MessageRead,
    TypingStart,
    TypingStop,
    InvitationAccept,
    InvitationDecline,
    AuthRefresh,
}

impl ClientEvent {
    /// Every event, in the order of the documentation.
    pub(crate) const ALL: [Self; 11] = [
        Self::SessionJoin,
        Self::SessionLeave,
        Self::MessageCreate,
        Self::MessageUpdate,
        Self::MessageDelete,
        Self::MessageRead,
        Self::TypingStart,
        Self::TypingStop,
        Self::InvitationAccept,
        Self::InvitationDecline,
        Self::AuthRefresh,
    ];

    /// The public name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SessionJoin => "session:join",
            Self::SessionLeave => "session:leave",
            Self::MessageCreate => "message:create",
            Self::MessageUpdate => "message:update",
            Self::MessageDelete => "message:delete",
            Self::MessageRead => "message:read",
            Self::TypingStart => "typing:start",
            Self::TypingStop => "typing:stop",
            Self::InvitationAccept => "invitation:accept",
            Self::InvitationDecline => "invitation:decline",
            Self::AuthRefresh => "auth:refresh",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// The rule that it counts under besides the connection's own, as the same operation over REST.
    pub(super) const fn rule(self) -> Option<Rule> {
        match self {
            Self::MessageCreate | Self::MessageUpdate | Self::MessageDelete => Some(Rule::Message),
            Self::MessageRead | Self::InvitationAccept | Self::InvitationDecline => Some(Rule::Write),
            Self::SessionJoin | Self::SessionLeave | Self::TypingStart | Self::TypingStop | Self::AuthRefresh => None,
        }
    }

    /// The one table of handlers.
    pub(super) async fn handle(self, context: &Context<'_>, payload: &[u8]) -> Result<Reply, Fault> {
        use handlers::{auth, invitation, message, session, typing};
        match self {
            Self::SessionJoin => session::join(context, shaped(payload)?).await,
            Self::SessionLeave => session::leave(context, shaped(payload)?).await,
            Self::MessageCreate => message::create(context, shaped(payload)?).await,
            Self::MessageUpdate => message::update(context, shaped(payload)?).await,
            Self::MessageDelete => message::delete(context, shaped(payload)?).await,
            Self::MessageRead => message::read(context, shaped(payload)?).await,
            Self::TypingStart => typing::start(context, shaped(payload)?).await,
            Self::TypingStop => typing::stop(context, shaped(payload)?),
            Self::InvitationAccept => invitation::accept(context, shaped(payload)?).await,
            Self::InvitationDecline => invitation::decline(context, shaped(payload)?).await,
            Self::AuthRefresh => auth::refresh(context, shaped(payload)?).await,
        }
    }
}

/// Reads a payload; whatever is wrong with it is a wrong shape.
fn shaped<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<T, Fault> {
    decode(payload).map_err(|fault| match fault.code {
        ErrorCode::MalformedJson => Fault::field("body", "wrong_type", "must be a JSON object"),
        _ => fault,
    })
}

/// Takes a connection's events, inline.
#[derive(Clone)]
pub(super) struct Intake {
    pub(super) gateway: Arc<Gateway>,
    pub(super) connection: Arc<Connection>,
}

impl MessageHandler<LocalAdapter, Intake> for Intake {
    fn call(&self, socket: Arc<Socket>, mut value: Value, ack_id: Option<i64>) {
        let Ok(ack) = AckSender::from_message_parts(&socket, &mut value, &ack_id);
        let Ok(socket) = SocketRef::from_message_parts(&socket, &mut value, &ack_id);
        let text = match value {
            Value::Str(text, _) => text.as_str().into(),
            Value::Bytes(_) => "[]".into(), // no such parser is in use
        };
        match self.connection.pass() {
            Passage::Granted => {}
            Passage::Refused(wait) => {
                self.gateway.figures.too_fast.one();
                return self.refuse(wait, "This connection sends too many events.", ack, &socket);
            }
            Passage::Flood => {
                self.gateway.figures.floods.one();
                let user = self.connection.actor().user;
                tracing::info!(socket.id = %socket.id, user.id = %user, "a flood of events was ended");
                return self.gateway.end(socket, &self.connection);
            }
        }
        let id = socket.id;
        match self.connection.push(Incoming { socket, ack, asks: ack_id.is_some(), text }) {
            Queued::Waits | Queued::Dropped => {}
            Queued::Run => {
                let Self { gateway, connection } = self.clone();
                let handling = async move {
                    let handled = AssertUnwindSafe(gateway.handle_queue(&connection)).catch_unwind().await;
                    // After a panic whatever waits there would wait for ever.
                    if !handled.is_ok_and(|stays| stays) {
                        gateway.cut(id, &connection);
                    }
                };
                // After the drain began nothing new is handled; the transport is about to close.
                if !self.gateway.events.is_closed() {
                    self.gateway.events.spawn(handling);
                }
            }
            Queued::Refused(Incoming { ack, socket, .. }) => {
                self.gateway.figures.too_many.one();
                self.refuse(RETRY, "Too many events are waiting on this connection.", ack, &socket);
            }
        }
    }
}

impl Intake {
    /// Acknowledges an event that was not taken.
    fn refuse(&self, wait: Duration, detail: &str, ack: AckSender, socket: &SocketRef) {
        let fault = Fault { retry_after: Some(wait), ..Fault::new(ErrorCode::RateLimited, detail) };
        self.gateway.acknowledge(ack, &Ack::<()>::refused(fault), socket, &self.connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a handler reads a payload, to the name of its type.
    type Reader = fn(&[u8]) -> Result<String, Fault>;

    fn reads<T: serde::de::DeserializeOwned + utoipa::ToSchema>(
        _: impl AsyncFn(&Context<'_>, T) -> Result<Reply, Fault>,
    ) -> Reader {
        |payload| shaped::<T>(payload).map(|_| T::name().into_owned())
    }

    #[test]
    fn each_event_is_described_as_it_is_read() {
        use handlers::{auth, invitation, message, session, typing};
        for event in ClientEvent::ALL {
            let read = match event {
                ClientEvent::SessionJoin => reads(session::join),
                ClientEvent::SessionLeave => reads(session::leave),
                ClientEvent::MessageCreate => reads(message::create),
                ClientEvent::MessageUpdate => reads(message::update),
                ClientEvent::MessageDelete => reads(message::delete),
                ClientEvent::MessageRead => reads(message::read),
                ClientEvent::TypingStart => reads(typing::start),
                ClientEvent::TypingStop => reads(async |context: &Context<'_>, request| typing::stop(context, request)),
                ClientEvent::InvitationAccept => reads(invitation::accept),
                ClientEvent::InvitationDecline => reads(invitation::decline),
                ClientEvent::AuthRefresh => reads(auth::refresh),
            };
            let (described, example) = crate::asyncapi::request(event);
            assert_eq!(read(example.as_bytes()).unwrap(), described, "{event:?}");
            assert_eq!(ClientEvent::parse(event.name()), Some(event));
        }
    }
}
