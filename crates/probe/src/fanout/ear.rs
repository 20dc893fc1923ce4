//! A listener, over Socket.IO or GraphQL.

use crate::{
    Outcome,
    socket_client::{Packet, Socket},
    subscription::Subscription,
};
use std::ops::Range;

pub(super) enum Ear {
    Socket(Socket),
    Subscription(Subscription),
}

impl Ear {
    pub(super) async fn packet(&mut self) -> Outcome<Packet> {
        match self {
            Self::Socket(socket) => socket.packet().await,
            Self::Subscription(subscription) => subscription.packet().await,
        }
    }

    pub(super) fn packet_now(&mut self) -> Option<Outcome<Packet>> {
        match self {
            Self::Socket(socket) => socket.packet_now(),
            Self::Subscription(subscription) => subscription.packet_now(),
        }
    }

    pub(super) async fn pong(&mut self) -> Outcome<()> {
        match self {
            Self::Socket(socket) => socket.pong().await,
            Self::Subscription(subscription) => subscription.pong().await,
        }
    }

    pub(super) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        match self {
            Self::Socket(socket) => socket.bytes(range),
            Self::Subscription(subscription) => subscription.bytes(range),
        }
    }
}
