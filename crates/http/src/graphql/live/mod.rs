//! GraphQL over websockets, in the protocol `graphql-transport-ws`: who is connected, and what all connections share.
//!
//! A connection is one task on its worker; what it hears comes from the hub, as bytes that all who select the same have in
//! common. Operations run on the runtime of the sockets.

mod bell;
mod line;
mod link;
mod operate;
mod operation;
mod outbox;
mod outflow;
mod protocol;
mod talk;
mod turn;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HOST, HeaderValue, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE},
    web::{Data, Payload},
};
use rondo_domain::limits::Allowance;
use rondo_graphql::{GraphQl, Services as Parts};
use rondo_wire::{ErrorCode, Fault};
use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::line::{Line, note};
use self::{
    bell::Bell,
    line::LineToken,
    link::Link,
    operate::Whence,
    operation::Operation,
    outflow::Outflow,
    protocol::{Close, Message, PROTOCOL},
    talk::Talk,
    turn::Order,
};
use super::Surface;
use crate::{
    extract::ClientOrigin,
    gateway::{
        EXPIRY_TICK, MAX_CONNECTIONS, MAX_PAYLOAD,
        bucket::Bucket,
        drain::{CLOSE, EVENTS, SLICE, SLICES},
    },
    hub::{Hub, SeatId},
    limits,
    problem::Failure,
    state::{AllowedOrigins, HttpSettings, Services},
    trace,
};

/// Reads a client's message as far as it is of the protocol, for the fuzzers: the name of the operation and its document.
pub(crate) fn read(text: &str) -> Option<(Option<String>, Option<String>)> {
    Some(match Message::read(text).ok()? {
        Message::Subscribe { id, ask } => (Some(id), ask.query),
        Message::Complete { id } => (Some(id), None),
        Message::Init { .. } | Message::Ping | Message::Pong => (None, None),
    })
}

/// Every GraphQL websocket of this node, and what they stand on.
pub(crate) struct Live {
    services: Services,
    parts: Arc<Parts>,
    engine: Arc<GraphQl>,
    hub: Hub,
    origins: AllowedOrigins,
    /// How many messages a connection may send.
    messages: Option<Allowance>,
    /// Where operations run: it outlives the workers.
    runtime: Handle,
    open: Mutex<HashMap<SeatId, Arc<Link>>>,
    /// From then on nobody is let in.
    stopping: CancellationToken,
}

impl Live {
    /// Starts the look-out for tokens that run out. Called within the runtime on which operations shall run.
    pub(crate) fn start(
        services: Services,
        surface: &Surface,
        hub: Hub,
        settings: &HttpSettings,
        tasks: &mut JoinSet<()>,
    ) -> Arc<Self> {
        let live = Arc::new(Self {
            services,
            parts: Arc::clone(&surface.parts),
            engine: Arc::clone(&surface.engine),
            hub,
            origins: settings.origins.clone(),
            messages: settings.socket_events,
            runtime: Handle::current(),
            open: Mutex::default(),
            stopping: CancellationToken::new(),
        });
        tasks.spawn(Arc::clone(&live).end_expired());
        live
    }

    /// Whether a request wants to become a websocket.
    pub(super) fn is_wanted(request: &HttpRequest) -> bool {
        let upgrade = request.headers().get(UPGRADE).and_then(|value| value.to_str().ok());
        upgrade.is_some_and(|value| value.trim().eq_ignore_ascii_case("websocket"))
    }

    /// Makes a websocket of a request.
    ///
    /// # Errors
    /// `forbidden` to pages of other origins, `unavailable` when the node is full or stopping, `bad_request` when it is no
    /// handshake.
    pub(super) fn upgrade(live: &Data<Self>, request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Failure> {
        let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
        if !live.origins.may_connect(text(ORIGIN), text(HOST)) {
            return Err(Fault::new(ErrorCode::Forbidden, "Pages of this origin may not connect.").into());
        }
        if live.stopping.is_cancelled() || live.lock_open().len() >= MAX_CONNECTIONS {
            return Err(Fault::unavailable("no more websockets are taken").into());
        }
        let LineToken(below) = request.conn_data::<LineToken>().cloned().unwrap_or_default();
        let (response, session, stream) = actix_ws::handle_with_protocols(request, payload, &[PROTOCOL])
            .map_err(|error| Fault::new(ErrorCode::BadRequest, format!("This is no websocket handshake: {error}.")))?;
        let stream = stream.max_frame_size(MAX_PAYLOAD).aggregate_continuations().max_continuation_size(MAX_PAYLOAD);
        let link = Arc::new(Link::new(live.hub.next_seat(), below, Bell::here()));
        if !response.headers().contains_key(SEC_WEBSOCKET_PROTOCOL) {
            link.close(Close::OTHER_PROTOCOL);
        }
        let live = Arc::clone(live);
        let (writer, engine) = (Arc::clone(&link), Arc::clone(&live.engine));
        let response = response.map_body(|_, frames| Outflow::new(frames, writer, engine)).map_into_boxed_body();
        live.lock_open().insert(link.seat, Arc::clone(&link));
        let headers = request.headers();
        let trace = trace::sent(|name| headers.get_all(name).map(HeaderValue::as_bytes).collect());
        let whence = Whence { origin: ClientOrigin::of(request), address: limits::address_of(request), trace };
        let bucket = live.messages.map(Bucket::new);
        let order = Order::new();
        actix_web::rt::spawn(Box::pin(Talk { live, link, session, stream, whence, bucket, order }.run()));
        Ok(response)
    }

    /// Frees all that a connection held.
    async fn leave(&self, link: &Link) {
        self.lock_open().remove(&link.seat);
        if let Some(actor) = link.actor() {
            self.hub.farewell(actor.user, link.seat);
        }
        for operation in link.end() {
            self.unseat(&operation).await;
        }
    }

    /// Takes the seat of an operation away, if it has one.
    async fn unseat(&self, operation: &Operation) {
        if let Some(session) = operation.hearing.get().and_then(|hearing| hearing.session) {
            let _stopping = self.hub.detach(session, operation.seat).await;
        }
    }

    /// Closes connections whose token ran out.
    async fn end_expired(self: Arc<Self>) {
        let mut tick = interval(EXPIRY_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.services.clock.now();
            for link in self.lock_open().values() {
                if link.actor().is_some_and(|actor| actor.expires_at <= now) {
                    link.close(Close::forbidden(ErrorCode::TokenExpired.as_str()));
                }
            }
        }
    }

    /// Lets the connections go a few at a time, so that their clients reconnect to another node; operations that were
    /// taken are answered first.
    pub(crate) async fn drain(&self) {
        self.stopping.cancel();
        let links: Vec<_> = self.lock_open().values().cloned().collect();
        let mut next = Instant::now();
        for slice in links.chunks(links.len().div_ceil(SLICES).max(1)) {
            sleep_until(next).await;
            next += SLICE;
            for link in slice {
                link.close(Close::RESTART);
            }
        }
        let all_gone = async {
            for link in &links {
                link.severed().await;
            }
        };
        if timeout(EVENTS + CLOSE, all_gone).await.is_err() {
            let open: Vec<_> = self.lock_open().values().cloned().collect();
            tracing::warn!(connections = open.len(), "websockets did not close in time and were cut");
            for link in open {
                link.sever();
            }
        }
    }

    fn lock_open(&self) -> MutexGuard<'_, HashMap<SeatId, Arc<Link>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
