//! A minimal client of `graphql-transport-ws`: one subscription over one websocket.

use crate::{
    Outcome,
    socket_client::{PATIENCE, Packet},
    websocket::Websocket,
};
use futures_util::FutureExt;
use serde_json::json;
use std::{net::SocketAddr, ops::Range};
use tokio::time::timeout;

const PATH: &str = "/graphql";
const PROTOCOL: &str = "graphql-transport-ws";
/// The fields that `message:create` carries over Socket.IO.
const EVENTS: &str = "subscription Events($id: ID!, $after: Int) { sessionEvents(sessionId: $id, after: $after) { type \
     message { id sessionId seq author { id displayName avatarUrl bio createdAt } content clientMessageId replyTo \
     createdAt editedAt deletedAt } position } }";

/// A connection that hears a session.
#[derive(Debug)]
pub(crate) struct Subscription {
    websocket: Websocket,
}

impl Subscription {
    /// Opens the websocket, says who listens, and hears what comes after a position.
    pub(crate) async fn open(addr: SocketAddr, token: &str, session: &str, after: u64) -> Outcome<Self> {
        timeout(PATIENCE, Self::handshake(addr, token, session, after))
            .await
            .map_err(|_| format!("{addr} did not take a subscription within {PATIENCE:?}"))?
    }

    async fn handshake(addr: SocketAddr, token: &str, session: &str, after: u64) -> Outcome<Self> {
        let mut subscription = Self { websocket: Websocket::open_speaking(addr, PATH, 1, Some(PROTOCOL)).await? };
        subscription.say(&json!({ "type": "connection_init", "payload": { "token": token } })).await?;
        subscription.expect("connection_ack").await?;
        let variables = json!({ "id": session, "after": after });
        let payload = json!({ "query": EVENTS, "variables": variables });
        subscription.say(&json!({ "id": "1", "type": "subscribe", "payload": payload })).await?;
        // An operation that comes after the subscription begins once that hears.
        let payload = json!({ "query": "{ __typename }" });
        subscription.say(&json!({ "id": "2", "type": "subscribe", "payload": payload })).await?;
        subscription.expect("complete").await?;
        Ok(subscription)
    }

    async fn say(&mut self, message: &serde_json::Value) -> Outcome<()> {
        self.websocket.feed(&[message.to_string().as_bytes()]);
        self.websocket.flush().await
    }

    async fn expect(&mut self, kind: &str) -> Outcome<()> {
        let wanted = format!("\"type\":\"{kind}\"");
        loop {
            let text = self.websocket.text().await?;
            let message = String::from_utf8_lossy(self.bytes(&text)).into_owned();
            if message.contains(&wanted) {
                return Ok(());
            }
            if message.contains("\"type\":\"error\"") {
                return Err(format!("a subscription was refused: {message}").into());
            }
        }
    }

    pub(crate) async fn pong(&mut self) -> Outcome<()> {
        self.websocket.feed(&[br#"{"type":"pong"}"#]);
        self.websocket.flush().await
    }

    /// The next packet; nothing is lost when this is dropped while it waits.
    pub(crate) async fn packet(&mut self) -> Outcome<Packet> {
        let text = self.websocket.text().await?;
        let bytes = self.bytes(&text);
        if bytes.starts_with(br#"{"id":"1","type":"next""#) {
            Ok(Packet::Event(text))
        } else if bytes.starts_with(br#"{"type":"ping""#) {
            Ok(Packet::Ping)
        } else if bytes.starts_with(br#"{"id":"1""#) {
            Err(format!("a subscription ended: {}", String::from_utf8_lossy(bytes)).into())
        } else {
            Ok(Packet::Other)
        }
    }

    /// A packet that is here already.
    pub(crate) fn packet_now(&mut self) -> Option<Outcome<Packet>> {
        self.packet().now_or_never()
    }

    pub(crate) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.websocket.bytes(range)
    }
}
