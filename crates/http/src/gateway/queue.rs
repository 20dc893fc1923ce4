//! A connection's queue of events: handled one after another, posts together, each acknowledged in its order.

use std::{borrow::Cow, collections::VecDeque, fmt, ops::Range, pin::Pin, sync::Arc, time::Instant};

use futures_util::future::{MaybeDone, maybe_done, poll_immediate};
use rondo_domain::{account::Actor, ids::RequestId, limits::Key, meter::metered};
use rondo_wire::{ErrorCode, Fault, Outcomes, socket::Ack};
use serde::{
    Deserialize, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use socketioxide::extract::{AckSender, SocketRef};
use tracing::{Instrument as _, Span};

use super::{
    Gateway,
    connection::{Connection, Next, sent},
    dispatch::{ClientEvent, Context, Incoming, Reply},
};
use crate::trace;

impl Gateway {
    /// Handles a connection's events until none is left, one after another. Posts that follow one another are under way
    /// together: they reach the writer in their order, ride in one commit, and are acknowledged in their order.
    /// `false` when the connection is to be closed.
    pub(super) async fn handle_queue(self: &Arc<Self>, connection: &Arc<Connection>) -> bool {
        let mut posts = VecDeque::new();
        loop {
            match connection.next(posts.len()) {
                Next::Event(incoming) => {
                    if !incoming.is_post() {
                        while let Some(post) = posts.pop_front() {
                            self.answer(connection, done(post).await).await;
                        }
                    }
                    if !connection.reads().await {
                        self.figures.slow.one();
                        tracing::info!(socket.id = %incoming.socket.id, user.id = %connection.actor().user, "a slow reader was cut off");
                        return false;
                    }
                    let is_post = incoming.is_post();
                    let begun = self.begin(connection, incoming).await;
                    let mut handling = Box::pin(maybe_done(self.handle(connection, begun)));
                    if is_post {
                        poll_immediate(&mut handling).await; // with this it is in the writer's queue
                        posts.push_back(handling);
                    } else {
                        self.answer(connection, done(handling).await).await;
                    }
                }
                Next::Wait => {
                    let Some(first) = posts.front_mut() else { continue };
                    tokio::select! {
                        biased;
                        () = first => {
                            if let Some(handled) = posts.pop_front().and_then(|mut post| post.as_mut().take_output()) {
                                self.answer(connection, handled).await;
                            }
                        }
                        () = connection.arrived() => {}
                    }
                }
                Next::Nothing => return true,
                Next::End => return false,
            }
        }
    }

    /// Reads an event and asks whether it may be handled at all.
    async fn begin(&self, connection: &Connection, incoming: Incoming) -> Begun {
        let started = Instant::now();
        let (name, payload) = read_arguments(&incoming.text);
        let event = ClientEvent::parse(&name);
        let payload = payload.map(|payload| place_in(&incoming.text, payload.get()));
        let actor = connection.actor();
        let span = event_span(event, connection);
        let (admitted, queries) = metered(self.admit(event, &actor, payload)).instrument(span.clone()).await;
        Begun { incoming, started, event, actor, admitted, queries, span }
    }

    async fn admit(
        &self,
        event: Option<ClientEvent>,
        actor: &Actor,
        payload: Option<Range<usize>>,
    ) -> Result<(ClientEvent, Range<usize>), Fault> {
        let event = event.ok_or_else(|| Fault::new(ErrorCode::UnknownEvent, "There is no such event."))?;
        let payload =
            payload.ok_or_else(|| Fault::field("body", "required", "must be one JSON object, and nothing besides"))?;
        if event != ClientEvent::AuthRefresh {
            self.services.accounts.still_signed_in(actor).await?;
        }
        if let Some(rule) = event.rule() {
            self.services.limits.take(rule, Key::Account(actor.user)).await?;
        }
        Ok((event, payload))
    }

    async fn handle(self: &Arc<Self>, connection: &Arc<Connection>, begun: Begun) -> Handled {
        let Begun { incoming, started, event, actor, admitted, queries: before, span } = begun;
        let Incoming { socket, ack, asks, text } = incoming;
        let (outcome, queries) = match admitted {
            Ok((event, payload)) => {
                let context = Context { gateway: self, connection, socket: &socket, actor };
                metered(event.handle(&context, text[payload].as_bytes())).instrument(span.clone()).await
            }
            Err(fault) => (Err(fault), 0),
        };
        Handled { socket, ack, asks, started, event, actor, outcome, queries: before + queries, span }
    }

    /// Acknowledges what was handled, and writes its line into the log.
    async fn answer(&self, connection: &Connection, handled: Handled) {
        let Handled { socket, ack, asks, started, event, actor, outcome, queries, span } = handled;
        let (refused, cause) = match &outcome {
            Ok(_) => (None, None),
            Err(fault) => {
                trace::note_error(&span, fault.code);
                (Some(fault.code), fault.cause.clone())
            }
        };
        // A name to ask for, where only the log tells why.
        let request_id = cause.is_some().then(|| RequestId::generate().0.to_string());
        match outcome {
            Ok(Reply { data, live }) => {
                if asks {
                    connection.acknowledging(data.get().len());
                }
                self.acknowledge(ack, &Ack::done(data), &socket, connection);
                if let Some((session, position)) = live {
                    let _stopping = self.hub.go_live(session, connection.seat, position).await;
                }
            }
            Err(fault) => {
                let refusal = Ack::<()>::refused(fault).named(request_id.clone());
                self.acknowledge(ack, &refusal, &socket, connection);
            }
        }
        let took = started.elapsed();
        self.figures.handled(event, refused, took);
        let code = refused.map_or(Outcomes::OK, ErrorCode::as_str);
        let trace = trace::id(&span).map(tracing::field::display);
        let event = event.map_or("unknown", ClientEvent::name);
        let duration_ms = took.as_secs_f64() * 1_000.0;
        match cause {
            None => tracing::info!(
                socket.event = event, code, user.id = %actor.user, socket.id = %socket.id, duration_ms, queries,
                trace.id = trace, "socket event"
            ),
            Some(cause) => tracing::warn!(
                socket.event = event, code, user.id = %actor.user, socket.id = %socket.id, duration_ms, queries,
                error.cause = cause, request.id = request_id, trace.id = trace, "socket event"
            ),
        }
    }

    /// Acknowledges. Where the queue has no room left for it, the connection is cut: an acknowledgement is never lost
    /// in silence.
    pub(super) fn acknowledge<T: Serialize>(
        &self,
        ack: AckSender,
        answer: &Ack<T>,
        socket: &SocketRef,
        connection: &Connection,
    ) {
        if sent(ack.send(answer)).is_err() {
            self.figures.slow.one();
            tracing::info!(socket.id = %socket.id, user.id = %connection.actor().user, "a slow reader was cut off");
            self.cut(socket.id, connection);
        }
    }
}

/// The span of an event, within the trace of its connection's handshake, or of a trace of its own.
fn event_span(event: Option<ClientEvent>, connection: &Connection) -> Span {
    let span = tracing::debug_span!(
        parent: None,
        "socket.event",
        otel.name = event.map_or("unknown", ClientEvent::name),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        error.type = tracing::field::Empty,
    );
    trace::follow(span, connection.trace.as_ref())
}

/// An event that was read.
struct Begun {
    incoming: Incoming,
    started: Instant,
    event: Option<ClientEvent>,
    actor: Actor,
    /// Which it is, and where in the text its payload stands; or why it is refused.
    admitted: Result<(ClientEvent, Range<usize>), Fault>,
    queries: u32,
    span: Span,
}

/// An event with what came of it.
struct Handled {
    socket: SocketRef,
    ack: AckSender,
    asks: bool,
    started: Instant,
    event: Option<ClientEvent>,
    actor: Actor,
    outcome: Result<Reply, Fault>,
    queries: u32,
    span: Span,
}

/// Waits for what came of an event.
async fn done<F: Future<Output = Handled>>(mut handling: Pin<Box<MaybeDone<F>>>) -> Handled {
    loop {
        handling.as_mut().await;
        if let Some(handled) = handling.as_mut().take_output() {
            return handled;
        }
    }
}

/// Where a part of a text stands in it.
fn place_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    start..start + part.len()
}

/// The event's name and its only argument, without looking into it; `None` with fewer or more than one.
pub(super) fn read_arguments(text: &str) -> (Cow<'_, str>, Option<&RawValue>) {
    #[derive(Deserialize)]
    struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

    struct Arguments;
    impl<'de> Visitor<'de> for Arguments {
        type Value = (Cow<'de, str>, Option<&'de RawValue>);

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    let read = serde::Deserializer::deserialize_seq(&mut json, Arguments);
    read.and_then(|read| json.end().map(|()| read)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for broken in ["", "[]", "{}", r#"["a",{]"#, "[1,{}]", r#"["a",{}]]"#] {
            assert_eq!(read(broken), (String::new(), None), "{broken}");
        }
    }
}
