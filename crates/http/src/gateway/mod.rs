//! Socket.IO: who connects, what they send, and what they hear.
//!
//! Each connection has one queue, so its events are handled in the order in which they came. Handlers know nothing of
//! sockets; what a room hears comes from the hub alone.

mod backlog;
pub(crate) mod bucket;
mod connection;
mod dispatch;
pub(crate) mod drain;
mod figures;
mod handlers;
mod handshake;
pub(crate) mod lifeline;
pub(crate) mod mount;
mod queue;
mod roll;
mod typing;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use socketioxide::{SocketIo, TransportType, extract::SocketRef, handler::ConnectHandler, socket::DisconnectReason};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    hub::{Hub, SeatId},
    state::{Draining, HttpSettings, Services},
};
use connection::{Connection, SocketOutlet};
pub(crate) use dispatch::ClientEvent;
pub(crate) use figures::{SocketFigures, Survey};
use lifeline::Lifelines;
use roll::Rolls;
use rondo_domain::{SessionId, UserId, limits::Allowance, presence::ConnectionId};
use rondo_wire::{ErrorCode, Fault};
use typing::Typing;

/// The largest frame or poll body, as CONTRACT has it for every body.
pub(crate) const MAX_PAYLOAD: usize = 256 * 1024;
/// How many packets may wait for one connection; beyond, the reader is too slow.
const SEND_QUEUE: usize = 1_024;
/// How many connections one node takes.
pub(crate) const MAX_CONNECTIONS: usize = 65_536;
/// How often tokens that ran out are looked for.
pub(crate) const EXPIRY_TICK: Duration = Duration::from_millis(500);

/// How often the store is asked again for those whose coming or going could not be told.
const OWED_TICK: Duration = Duration::from_millis(500);

/// The tower service that speaks Engine.IO.
pub(crate) type SocketService = socketioxide::service::SocketIoService<engineioxide::service::NotFoundService>;

/// Reads an event's name and its only argument, for the fuzzers.
pub(crate) fn read_event(text: &str) -> (String, Option<&str>) {
    let (name, argument) = queue::read_arguments(text);
    (name.into_owned(), argument.map(serde_json::value::RawValue::get))
}

/// A connection and the socket that it speaks through.
struct Open {
    socket: SocketRef,
    connection: Arc<Connection>,
}

/// Every Socket.IO connection of this node.
pub(crate) struct Gateway {
    services: Services,
    hub: Hub,
    draining: Arc<Draining>,
    lifelines: Arc<Lifelines>,
    /// Connections by their seat in the hub.
    open: Mutex<HashMap<SeatId, Open>>,
    /// The events that are being handled.
    events: TaskTracker,
    /// Stays in sessions that are coming to their end.
    stays: TaskTracker,
    /// From then on nobody is let in, and connections that may come back are not waited for.
    stopping: CancellationToken,
    presence_grace: Duration,
    drain_delay: Duration,
    /// How many events a connection may send.
    socket_events: Option<Allowance>,
    typing: Typing,
    rolls: Rolls,
    figures: SocketFigures,
}

impl Gateway {
    /// Builds the Engine.IO service and starts the look-out for tokens that run out.
    pub(crate) fn start(
        services: Services,
        hub: Hub,
        draining: Arc<Draining>,
        settings: &HttpSettings,
        tasks: &mut JoinSet<()>,
    ) -> (Arc<Self>, SocketService, SocketIo) {
        let (service, io) = SocketIo::builder()
            .req_path(mount::PATH)
            .max_payload(MAX_PAYLOAD as u64)
            .ws_max_message_size(MAX_PAYLOAD)
            .ws_max_frame_size(MAX_PAYLOAD)
            .ws_read_buffer_size(1_024)
            .max_buffer_size(SEND_QUEUE)
            .connect_timeout(Duration::from_secs(10))
            .build_svc();
        let gateway = Arc::new(Self {
            services,
            hub,
            draining,
            lifelines: Arc::default(),
            open: Mutex::default(),
            events: TaskTracker::new(),
            stays: TaskTracker::new(),
            stopping: CancellationToken::new(),
            presence_grace: settings.presence_grace,
            drain_delay: settings.drain_delay,
            socket_events: settings.socket_events,
            typing: Typing::default(),
            rolls: Rolls::default(),
            figures: SocketFigures::default(),
        });
        let welcome = {
            let gateway = Arc::clone(&gateway);
            move |socket: SocketRef| {
                let gateway = Arc::clone(&gateway);
                let connection = gateway.welcome(&socket);
                async move {
                    if let Some(connection) = connection {
                        gateway.end_if_signed_out(&socket, &connection).await;
                    }
                }
            }
        };
        // Handlers are registered in the middleware: it runs before the client hears that it is connected, so even its
        // quickest event finds them.
        let admit = {
            let gateway = Arc::clone(&gateway);
            move |socket: SocketRef, auth: handshake::Auth| {
                let gateway = Arc::clone(&gateway);
                async move { handshake::admit(&gateway, &socket, auth).await }
            }
        };
        io.ns("/", welcome.with(admit));
        tasks.spawn(Arc::clone(&gateway).end_expired());
        tasks.spawn(Arc::clone(&gateway).end_typing());
        tasks.spawn(Arc::clone(&gateway).announce_owed());
        (gateway, service, io)
    }

    /// The tokens by which websockets are cut.
    pub(crate) fn lifelines(&self) -> Arc<Lifelines> {
        Arc::clone(&self.lifelines)
    }

    /// Cancelled when nobody is let in any more.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// What it counts.
    pub(crate) const fn figures(&self) -> &SocketFigures {
        &self.figures
    }

    /// The connections that are open now.
    pub(crate) fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        for Open { socket, connection } in self.lock_open().values() {
            match socket.transport_type() {
                TransportType::Polling => survey.polling += 1,
                TransportType::Websocket => survey.websocket += 1,
            }
            survey.outgoing += connection.outgoing();
        }
        survey
    }

    fn next_seat(&self) -> SeatId {
        self.hub.next_seat()
    }

    fn is_full(&self) -> bool {
        self.lock_open().len() >= MAX_CONNECTIONS
    }

    /// Takes note of a connection that was admitted.
    fn welcome(self: &Arc<Self>, socket: &SocketRef) -> Option<Arc<Connection>> {
        let connection = socket.extensions.get::<Arc<Connection>>()?;
        let actor = connection.actor();
        tracing::debug!(socket.id = %socket.id, user.id = %actor.user, "socket connected");
        self.hub.welcome(actor.user, connection.seat, Arc::new(self.outlet(socket, &connection)));
        self.lock_open().insert(connection.seat, Open { socket: socket.clone(), connection: Arc::clone(&connection) });
        Some(connection)
    }

    /// Ends a connection whose login was cut before it was known here whose connection this is: nobody else tells it.
    async fn end_if_signed_out(&self, socket: &SocketRef, connection: &Connection) {
        let asked = self.services.accounts.still_signed_in(&connection.actor()).await;
        if asked.is_err_and(|error| Fault::from(error).code == ErrorCode::Unauthenticated) {
            self.end(socket.clone(), connection);
        }
    }

    fn outlet(self: &Arc<Self>, socket: &SocketRef, connection: &Arc<Connection>) -> SocketOutlet {
        let gateway = Arc::downgrade(self);
        SocketOutlet { socket: socket.clone(), connection: Arc::clone(connection), gateway }
    }

    /// Frees all that a connection held. The person stays present for a moment: they may come back.
    async fn farewell(self: &Arc<Self>, connection: &Connection, socket: &SocketRef, reason: DisconnectReason) {
        let user = connection.actor().user;
        self.lock_open().remove(&connection.seat);
        self.lifelines.forget(socket.id);
        self.hub.farewell(user, connection.seat);
        self.figures.ended(reason);
        let stays = connection.close();
        for session in stays.keys() {
            let _stopping = self.hub.detach(*session, connection.seat).await;
            self.typing.expire(*session, user);
        }
        if !stays.is_empty() && !self.stopping.is_cancelled() {
            let gateway = Arc::clone(self);
            self.stays.spawn(async move {
                tokio::select! {
                    () = tokio::time::sleep(gateway.presence_grace) => {}
                    () = gateway.stopping.cancelled() => return, // the node's presence goes with the node
                }
                for (session, stay) in stays {
                    gateway.end_stay(session, stay).await;
                }
            });
        }
        tracing::debug!(socket.id = %socket.id, user.id = %user, ?reason, "socket disconnected");
    }

    /// A stay in a session is over, at once.
    async fn end_stay(&self, session: SessionId, stay: ConnectionId) {
        if let Err(error) = self.services.presences.exit(session, stay).await {
            tracing::warn!(session.id = %session, error.cause = %error, "a going could not be announced");
        }
    }

    /// As [`Gateway::end_stay`], for those who cannot wait.
    fn end_stay_soon(self: &Arc<Self>, session: SessionId, stay: ConnectionId) {
        let gateway = Arc::clone(self);
        self.stays.spawn(async move { gateway.end_stay(session, stay).await });
    }

    /// Shows the room that somebody stopped typing, if they did type.
    fn stop_typing(&self, session: SessionId, user: UserId) {
        if let Some(user) = self.typing.stop(session, user) {
            self.services.messages.show_typing(user, session, false);
        }
    }

    /// Tells rooms of those who stopped typing without a word.
    async fn end_typing(self: Arc<Self>) {
        let mut tick = interval(typing::TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            for (session, user) in self.typing.take_expired() {
                self.services.messages.show_typing(user, session, false);
            }
        }
    }

    /// Tells rooms of comings and goings that could not be told when they happened.
    async fn announce_owed(self: Arc<Self>) {
        let mut tick = interval(OWED_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.services.presences.announce_owed().await;
        }
    }

    /// Ends connections whose token ran out, as `io server disconnect`.
    async fn end_expired(self: Arc<Self>) {
        let mut tick = interval(EXPIRY_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.services.clock.now();
            let expired: Vec<_> = {
                let mut open = self.lock_open();
                open.retain(|_, open| open.socket.connected());
                let expired = open.values().filter(|open| open.connection.actor().expires_at <= now);
                expired.map(|open| (open.socket.clone(), Arc::clone(&open.connection))).collect()
            };
            for (socket, connection) in expired {
                tracing::debug!(socket.id = %socket.id, user.id = %connection.actor().user, "access token ran out");
                self.end(socket, &connection);
            }
        }
    }

    /// Ends a connection for good: the client does not reconnect by itself. With a full queue it cannot be told; then
    /// the transport is cut.
    fn end(&self, socket: SocketRef, connection: &Connection) {
        let id = socket.id;
        if socket.disconnect().is_err() {
            self.cut(id, connection);
        }
    }

    /// Cuts the transport: the client reconnects by itself.
    fn cut(&self, id: socketioxide::socket::Sid, connection: &Connection) {
        connection.cut();
        self.lifelines.cut(id);
    }

    fn lock_open(&self) -> std::sync::MutexGuard<'_, HashMap<SeatId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
