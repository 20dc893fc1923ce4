//! A minimal Socket.IO v5 client over one websocket: the default namespace, text packets, acknowledged events.

use crate::Outcome;
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::json;
use std::{fmt::Write as _, net::SocketAddr, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, protocol::WebSocketConfig},
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A connected socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// What a server sends that its client must act on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// To be answered with [`Socket::pong`].
    Ping,
    /// The acknowledgement `id`; its arguments are `text[at..]`.
    Ack {
        id: u64,
        text: Utf8Bytes,
        at: usize,
    },
    Event(Utf8Bytes),
    Other,
}

impl Socket {
    /// Opens the websocket and the namespace.
    pub(crate) async fn connect(addr: SocketAddr, token: Option<&str>) -> Outcome<Self> {
        timeout(PATIENCE, Self::handshake(addr, token))
            .await
            .map_err(|_| format!("{addr} did not finish the Socket.IO handshake within {PATIENCE:?}"))?
    }

    async fn handshake(addr: SocketAddr, token: Option<&str>) -> Outcome<Self> {
        let tcp = TcpStream::connect(addr).await.map_err(|error| format!("cannot connect to {addr}: {error}"))?;
        tcp.set_nodelay(true)?;
        let url = format!("ws://{addr}/socket.io/?EIO=4&transport=websocket");
        let config = WebSocketConfig::default().read_buffer_size(8 * 1024).max_message_size(Some(1024 * 1024));
        let (stream, _) = client_async_with_config(url, tcp, Some(config))
            .await
            .map_err(|error| format!("{addr} refused the websocket: {error}"))?;
        let mut socket = Self { stream };
        let open = socket.text().await?;
        if !open.starts_with('0') {
            return Err(format!("{addr} opened with {open}, which is not Engine.IO").into());
        }
        let auth = token.map_or_else(String::new, |token| json!({ "token": token }).to_string());
        socket.stream.send(Message::text(format!("40{auth}"))).await?;
        loop {
            let text = socket.text().await?;
            match text.as_str() {
                "2" => socket.pong().await?,
                connected if connected.starts_with("40") => return Ok(socket),
                refused if refused.starts_with("44") => return Err(format!("the socket was refused: {text}").into()),
                _ => {}
            }
        }
    }

    /// Puts an acknowledged event into the buffer; `event` is `["name",{…}]`.
    pub(crate) async fn feed(&mut self, id: u64, event: &str) -> Outcome<()> {
        let mut packet = String::with_capacity(event.len() + 12);
        // Writing to a String cannot fail.
        let _ = write!(packet, "42{id}{event}");
        Ok(self.stream.feed(Message::text(packet)).await?)
    }

    pub(crate) async fn flush(&mut self) -> Outcome<()> {
        Ok(self.stream.flush().await?)
    }

    pub(crate) async fn pong(&mut self) -> Outcome<()> {
        Ok(self.stream.send(Message::text("3")).await?)
    }

    /// The next packet; nothing is lost when this is dropped while it waits.
    pub(crate) async fn packet(&mut self) -> Outcome<Packet> {
        let text = self.text().await?;
        packet(text)
    }

    /// A packet that is here already.
    pub(crate) fn packet_now(&mut self) -> Option<Outcome<Packet>> {
        self.packet().now_or_never()
    }

    /// Emits one event and waits for its acknowledgement, which it gives without the brackets.
    pub(crate) async fn ask(&mut self, id: u64, event: &str) -> Outcome<String> {
        let asking = async {
            self.feed(id, event).await?;
            self.flush().await?;
            loop {
                match self.packet().await? {
                    Packet::Ping => self.pong().await?,
                    Packet::Ack { id: acked, text, at } if acked == id => {
                        let answer = text.as_str()[at..].strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                        return Ok(answer.unwrap_or_default().to_owned());
                    }
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, asking).await.map_err(|_| format!("{event} was not acknowledged within {PATIENCE:?}"))?
    }

    /// Leaves politely.
    pub(crate) async fn close(mut self) {
        let leaving = async {
            self.stream.feed(Message::text("41")).await?;
            self.stream.close(None).await
        };
        // Where the server has gone first there is nothing to be polite to.
        drop(timeout(Duration::from_secs(1), leaving).await);
    }

    async fn text(&mut self) -> Outcome<Utf8Bytes> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(_))) | None => return Err("the server closed the socket".into()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(format!("the socket broke: {error}").into()),
            }
        }
    }
}

fn packet(text: Utf8Bytes) -> Outcome<Packet> {
    match text.as_bytes() {
        [b'2', ..] => Ok(Packet::Ping),
        [b'1', ..] | [b'4', b'1', ..] => Err("the server disconnected the socket".into()),
        [b'4', b'2', ..] => Ok(Packet::Event(text)),
        [b'4', b'3', digits @ ..] => {
            let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
            let at = 2 + length;
            let id = text.as_str()[2..at].parse().map_err(|_| format!("{text} acknowledges nothing"))?;
            Ok(Packet::Ack { id, text, at })
        }
        _ => Ok(Packet::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::{Packet, packet};

    #[test]
    fn packets_are_told_apart() {
        let of = |text: &'static str| packet(text.into()).ok();
        assert_eq!(of("2"), Some(Packet::Ping));
        assert_eq!(of("4317[{}]"), Some(Packet::Ack { id: 17, text: "4317[{}]".into(), at: 4 }));
        assert_eq!(of("42[\"a\",{}]"), Some(Packet::Event("42[\"a\",{}]".into())));
        assert_eq!(of("40{}"), Some(Packet::Other));
        assert_eq!((of("41"), of("1"), of("43[]")), (None, None, None));
    }
}
