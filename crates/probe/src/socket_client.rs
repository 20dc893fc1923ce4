//! A minimal Socket.IO v5 client over one websocket: the default namespace, text packets, acknowledged events.

use crate::{Outcome, websocket::Websocket};
use futures_util::FutureExt;
use serde_json::json;
use std::{net::SocketAddr, ops::Range, time::Duration};
use tokio::time::timeout;

/// How long one step of a conversation may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const PATH: &str = "/socket.io/?EIO=4&transport=websocket";
/// Connections from one loopback address; the ports of one are soon used up.
const PER_ADDRESS: usize = 20_000;

/// A connected socket.
#[derive(Debug)]
pub(crate) struct Socket {
    websocket: Websocket,
}

/// What a server sends that its client must act on. Ranges are looked at with [`Socket::bytes`] before the next packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// To be answered with [`Socket::pong`].
    Ping,
    /// The acknowledgement `id` and its arguments, `[…]`.
    Ack {
        id: u64,
        arguments: Range<usize>,
    },
    Event(Range<usize>),
    Other,
}

impl Socket {
    /// Opens the websocket and the namespace.
    pub(crate) async fn connect(addr: SocketAddr, token: Option<&str>) -> Outcome<Self> {
        Self::connect_as(addr, token, 0).await
    }

    /// As [`Self::connect`], for the connection with this number among many.
    pub(crate) async fn connect_as(addr: SocketAddr, token: Option<&str>, number: usize) -> Outcome<Self> {
        let from = u8::try_from(1 + number / PER_ADDRESS)?;
        timeout(PATIENCE, Self::handshake(addr, token, from))
            .await
            .map_err(|_| format!("{addr} did not finish the Socket.IO handshake within {PATIENCE:?}"))?
    }

    async fn handshake(addr: SocketAddr, token: Option<&str>, from: u8) -> Outcome<Self> {
        let mut socket = Self { websocket: Websocket::open(addr, PATH, from).await? };
        let open = socket.websocket.text().await?;
        if !socket.bytes(&open).starts_with(b"0") {
            let open = String::from_utf8_lossy(socket.bytes(&open));
            return Err(format!("{addr} opened with {open}, which is not Engine.IO").into());
        }
        let auth = token.map_or_else(String::new, |token| json!({ "token": token }).to_string());
        socket.websocket.feed(&[b"40", auth.as_bytes()]);
        socket.flush().await?;
        loop {
            let text = socket.websocket.text().await?;
            match socket.bytes(&text) {
                b"2" => socket.pong().await?,
                [b'4', b'0', ..] => return Ok(socket),
                refused @ [b'4', b'4', ..] => {
                    return Err(format!("the socket was refused: {}", String::from_utf8_lossy(refused)).into());
                }
                _ => {}
            }
        }
    }

    /// Puts an acknowledged event into the buffer; `event` is `["name",{…}]`.
    pub(crate) fn feed(&mut self, id: u64, event: &str) {
        self.websocket.feed(&[b"42", id.to_string().as_bytes(), event.as_bytes()]);
    }

    pub(crate) async fn flush(&mut self) -> Outcome<()> {
        self.websocket.flush().await
    }

    pub(crate) async fn pong(&mut self) -> Outcome<()> {
        self.websocket.feed(&[b"3"]);
        self.flush().await
    }

    /// The next packet; nothing is lost when this is dropped while it waits.
    pub(crate) async fn packet(&mut self) -> Outcome<Packet> {
        let text = self.websocket.text().await?;
        packet(self.bytes(&text), text.start)
    }

    /// A packet that is here already.
    pub(crate) fn packet_now(&mut self) -> Option<Outcome<Packet>> {
        self.packet().now_or_never()
    }

    pub(crate) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.websocket.bytes(range)
    }

    /// Emits one event and waits for its acknowledgement, which it gives without the brackets.
    pub(crate) async fn ask(&mut self, id: u64, event: &str) -> Outcome<String> {
        let asking = async {
            self.feed(id, event);
            self.flush().await?;
            loop {
                match self.packet().await? {
                    Packet::Ping => self.pong().await?,
                    Packet::Ack { id: acked, arguments } if acked == id => {
                        let answer = self.bytes(&arguments);
                        let answer = answer.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
                        return Ok(String::from_utf8(answer.unwrap_or_default().to_vec())?);
                    }
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, asking).await.map_err(|_| format!("{event} was not acknowledged within {PATIENCE:?}"))?
    }

    /// As [`Self::ask`], where the acknowledgement must be `{ok: true, …}`.
    pub(crate) async fn ask_well(&mut self, id: u64, event: &str) -> Outcome<String> {
        let answer = self.ask(id, event).await?;
        if answer.starts_with("{\"ok\":true") {
            return Ok(answer);
        }
        let start: String = answer.chars().take(300).collect();
        Err(format!("{event} was refused: {start}").into())
    }

    /// Answers pings until the connection ends.
    pub(crate) async fn stay(&mut self) -> Outcome<()> {
        loop {
            if self.packet().await? == Packet::Ping {
                self.pong().await?;
            }
        }
    }

    /// Leaves politely.
    pub(crate) async fn close(mut self) {
        self.websocket.feed(&[b"41"]);
        // Where the server has gone first there is nothing to be polite to.
        drop(timeout(Duration::from_secs(1), self.websocket.close()).await);
    }
}

/// Tells a packet that lies at `at`.
fn packet(bytes: &[u8], at: usize) -> Outcome<Packet> {
    let end = at + bytes.len();
    match bytes {
        [b'2', ..] => Ok(Packet::Ping),
        [b'1', ..] | [b'4', b'1', ..] => Err("the server disconnected the socket".into()),
        [b'4', b'2', ..] => Ok(Packet::Event(at..end)),
        [b'4', b'3', digits @ ..] => {
            let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
            let id = std::str::from_utf8(&digits[..length])?;
            let id = id.parse().map_err(|_| "an acknowledgement has no number")?;
            Ok(Packet::Ack { id, arguments: at + 2 + length..end })
        }
        _ => Ok(Packet::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::{Packet, packet};

    #[test]
    fn packets_are_told_apart() {
        let of = |text: &'static str| packet(text.as_bytes(), 100).ok();
        assert_eq!(of("2"), Some(Packet::Ping));
        assert_eq!(of("4317[{}]"), Some(Packet::Ack { id: 17, arguments: 104..108 }));
        assert_eq!(of("42[\"a\",{}]"), Some(Packet::Event(100..110)));
        assert_eq!(of("40{}"), Some(Packet::Other));
        assert_eq!((of("41"), of("1"), of("43[]")), (None, None, None));
    }
}
