//! The one way in for events: taken inline so that their order holds, handled one after another, acknowledged here.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use rondo_domain::{
    SessionId,
    account::Actor,
    event::Position,
    limits::{Key, Rule},
    meter::metered,
};
use rondo_wire::{ErrorCode, Fault, decode, socket::Ack};
use serde::{
    Deserialize, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
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
    connection::{Connection, Queued, sent},
    handlers,
};

/// When to try again after a queue was full.
const RETRY: Duration = Duration::from_millis(500);

/// An event as it came.
pub(super) struct Incoming {
    socket: SocketRef,
    ack: AckSender,
    /// The JSON array of the event's name and its arguments.
    text: Box<str>,
}

impl Incoming {
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
    data: Box<RawValue>,
    /// The session that goes live right after the acknowledgement.
    live: Option<(SessionId, Position)>,
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

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// The rule that it counts under besides the connection's own, as the same operation over REST.
    const fn rule(self) -> Option<Rule> {
        match self {
            Self::MessageCreate | Self::MessageUpdate | Self::MessageDelete => Some(Rule::Message),
            Self::MessageRead | Self::InvitationAccept | Self::InvitationDecline => Some(Rule::Write),
            Self::SessionJoin | Self::SessionLeave | Self::TypingStart | Self::TypingStop | Self::AuthRefresh => None,
        }
    }

    /// The one table of handlers.
    async fn handle(self, context: &Context<'_>, payload: &[u8]) -> Result<Reply, Fault> {
        use handlers::{auth, invitation, message, session, typing};
        match self {
            Self::SessionJoin => session::join(context, shaped(payload)?).await,
            Self::SessionLeave => session::leave(context, shaped(payload)?).await,
            Self::MessageCreate => message::create(context, shaped(payload)?).await,
            Self::MessageUpdate => message::update(context, shaped(payload)?).await,
            Self::MessageDelete => message::delete(context, shaped(payload)?).await,
            Self::MessageRead => message::read(context, shaped(payload)?).await,
            Self::TypingStart => typing::start(context, shaped(payload)?).await,
            Self::TypingStop => typing::stop(context, shaped(payload)?).await,
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
    fn call(&self, socket: Arc<Socket<LocalAdapter>>, mut value: Value, ack_id: Option<i64>) {
        let Ok(ack) = AckSender::from_message_parts(&socket, &mut value, &ack_id);
        let Ok(socket) = SocketRef::from_message_parts(&socket, &mut value, &ack_id);
        let text = match value {
            Value::Str(text, _) => text.as_str().into(),
            Value::Bytes(_) => "[]".into(), // no such parser is in use
        };
        match self.connection.pass() {
            Passage::Granted => {}
            Passage::Refused(wait) => return self.refuse(wait, "This connection sends too many events.", ack, &socket),
            Passage::Flood => {
                let user = self.connection.actor().user;
                tracing::info!(socket.id = %socket.id, user.id = %user, "a flood of events was ended");
                return self.gateway.end(socket, &self.connection);
            }
        }
        let id = socket.id;
        match self.connection.push(Incoming { socket, ack, text }) {
            Queued::Waits => {}
            Queued::Run => {
                let Self { gateway, connection } = self.clone();
                let handling = async move {
                    let handled = AssertUnwindSafe(gateway.handle_queue(&connection)).catch_unwind().await;
                    if handled.is_err() {
                        gateway.cut(id, &connection); // whatever waits there now would wait for ever
                    }
                };
                // After the drain began nothing new is handled; the transport is about to close.
                if !self.gateway.events.is_closed() {
                    self.gateway.events.spawn(handling);
                }
            }
            Queued::Refused(Incoming { ack, socket, .. }) => {
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

impl Gateway {
    /// Handles a connection's events until none is left.
    async fn handle_queue(self: &Arc<Self>, connection: &Arc<Connection>) {
        while let Some(incoming) = connection.next() {
            self.handle(connection, incoming).await;
        }
    }

    async fn handle(self: &Arc<Self>, connection: &Arc<Connection>, incoming: Incoming) {
        let Incoming { socket, ack, text } = incoming;
        let started = Instant::now();
        let (name, payload) = read_arguments(&text);
        let event = ClientEvent::parse(&name);
        let actor = connection.actor();
        let context = Context { gateway: self, connection, socket: &socket, actor };
        let (outcome, queries) = metered(self.decide(event, &context, payload)).await;
        let (code, cause) = match &outcome {
            Ok(_) => ("ok", None),
            Err(fault) => (fault.code.as_str(), fault.cause.clone()),
        };
        match outcome {
            Ok(Reply { data, live }) => {
                self.acknowledge(ack, &Ack::done(data), &socket, connection);
                if let Some((session, position)) = live {
                    let _stopping = self.hub.go_live(session, connection.seat, position).await;
                }
            }
            Err(fault) => self.acknowledge(ack, &Ack::<()>::refused(fault), &socket, connection),
        }
        let event = event.map_or("unknown", |_| name.as_ref());
        let duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
        match cause {
            None => tracing::info!(
                socket.event = event, code, user.id = %actor.user, socket.id = %socket.id, duration_ms, queries, "socket event"
            ),
            Some(cause) => tracing::warn!(
                socket.event = event, code, user.id = %actor.user, socket.id = %socket.id, duration_ms, queries,
                error.cause = cause, "socket event"
            ),
        }
    }

    async fn decide(
        &self,
        event: Option<ClientEvent>,
        context: &Context<'_>,
        payload: Option<&RawValue>,
    ) -> Result<Reply, Fault> {
        let event = event.ok_or_else(|| Fault::new(ErrorCode::UnknownEvent, "There is no such event."))?;
        let payload =
            payload.ok_or_else(|| Fault::field("body", "required", "must be one JSON object, and nothing besides"))?;
        if event != ClientEvent::AuthRefresh {
            self.services.accounts.still_signed_in(&context.actor).await?;
        }
        if let Some(rule) = event.rule() {
            self.services.limits.take(rule, Key::Account(context.actor.user)).await?;
        }
        event.handle(context, payload.get().as_bytes()).await
    }

    /// Acknowledges. Where the queue has no room left for it, the connection is cut: an acknowledgement is never lost
    /// in silence.
    fn acknowledge<T: Serialize>(&self, ack: AckSender, answer: &Ack<T>, socket: &SocketRef, connection: &Connection) {
        if sent(ack.send(answer)).is_err() {
            tracing::info!(socket.id = %socket.id, user.id = %connection.actor().user, "a slow reader was cut off");
            self.cut(socket.id, connection);
        }
    }
}

/// The event's name and its only argument, without looking into it; `None` with fewer or more than one.
fn read_arguments(text: &str) -> (std::borrow::Cow<'_, str>, Option<&RawValue>) {
    #[derive(Deserialize)]
    struct Name<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

    struct Arguments;
    impl<'de> Visitor<'de> for Arguments {
        type Value = (std::borrow::Cow<'de, str>, Option<&'de RawValue>);

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an event")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
            let name = parts.next_element::<Name<'de>>()?.map_or_else(Default::default, |Name(name)| name);
            let mut payload = parts.next_element::<&RawValue>()?;
            while parts.next_element::<IgnoredAny>()?.is_some() {
                payload = None;
            }
            Ok((name, payload))
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    serde::Deserializer::deserialize_seq(&mut json, Arguments).unwrap_or_default()
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
                ClientEvent::TypingStop => reads(typing::stop),
                ClientEvent::InvitationAccept => reads(invitation::accept),
                ClientEvent::InvitationDecline => reads(invitation::decline),
                ClientEvent::AuthRefresh => reads(auth::refresh),
            };
            let (described, example) = crate::asyncapi::request(event);
            assert_eq!(read(example.as_bytes()).unwrap(), described, "{event:?}");
            assert_eq!(ClientEvent::parse(event.name()), Some(event));
        }
    }

    #[test]
    fn an_event_has_a_name_and_one_object() {
        let read = |text| {
            let (name, payload) = read_arguments(text);
            (name.into_owned(), payload.map(|payload| payload.get().to_owned()))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read(r#"["a:b",{"x":[1]}]"#), ("a:b".to_owned(), some(r#"{"x":[1]}"#)));
        assert_eq!(read(r#"["a\u003ab",1]"#), ("a:b".to_owned(), some("1")));
        assert_eq!(read(r#"["a"]"#), ("a".to_owned(), None));
        assert_eq!(read(r#"["a",{},{}]"#), ("a".to_owned(), None));
        for broken in ["", "[]", "{}", r#"["a",{]"#, "[1,{}]"] {
            assert_eq!(read(broken), (String::new(), None), "{broken}");
        }
    }
}
