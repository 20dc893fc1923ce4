//! The way to one connection's queue with an event that is encoded already. socketioxide's own `emit` encodes for each
//! connection, and its room broadcast cannot say whose queue was full: an adapter gets at what lies below both.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
    time::Duration,
};

use socketioxide::{adapter::Emitter, socket::Sid};
use socketioxide_core::{
    Str, Value,
    adapter::{BroadcastOptions, CoreAdapter, CoreLocalAdapter, DefinedAdapter, SocketEmitter, errors::SocketError},
    packet::Packet,
};

use crate::hub::Full;

type Local = Arc<CoreLocalAdapter<Emitter>>;

/// A connection's socket.
pub(super) type SocketRef = socketioxide::extract::SocketRef<Adapter>;
/// How an event is acknowledged.
pub(super) type AckSender = socketioxide::extract::AckSender<Adapter>;
/// All sockets of the node.
pub(crate) type SocketIo = socketioxide::SocketIo<Adapter>;

/// Keeps all in the process, like socketioxide's own adapter, and shares it with [`Wire`].
pub(crate) struct Adapter(Local);

/// Speaks to single connections of the one namespace.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<OnceLock<Local>>);

impl Wire {
    /// Hands an event's arguments to a connection's queue; one that is gone swallows them.
    pub(super) fn emit(&self, to: Sid, arguments: &Str) -> Result<(), Full> {
        let Some(local) = self.0.get() else { return Ok(()) };
        let packet = Packet::event("/", Value::Str(arguments.clone(), None));
        match local.broadcast(packet, BroadcastOptions::new(to)) {
            Err(errors) if errors.iter().any(|error| matches!(error, SocketError::InternalChannelFull)) => Err(Full),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

impl CoreAdapter<Emitter> for Adapter {
    type Error = Infallible;
    type State = Wire;
    type AckStream = <Emitter as SocketEmitter>::AckStream;
    type InitRes = ();

    fn new(wire: &Wire, local: CoreLocalAdapter<Emitter>) -> Self {
        let local = Arc::new(local);
        let _one_namespace = wire.0.set(Arc::clone(&local));
        Self(local)
    }

    fn init(self: Arc<Self>, on_success: impl FnOnce() + Send + 'static) {
        on_success();
    }

    async fn broadcast_with_ack(
        &self,
        packet: Packet,
        opts: BroadcastOptions,
        timeout: Option<Duration>,
    ) -> Result<Self::AckStream, Infallible> {
        Ok(self.0.broadcast_with_ack(packet, opts, timeout).0)
    }

    fn get_local(&self) -> &CoreLocalAdapter<Emitter> {
        &self.0
    }
}

impl DefinedAdapter for Adapter {}
