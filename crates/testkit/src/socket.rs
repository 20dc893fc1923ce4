//! A small Socket.IO v5 client over one websocket: the default namespace, text packets, acknowledged events.

use std::{collections::HashMap, net::SocketAddr};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::patience::within;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Something that the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's name.
    pub name: String,
    /// Its one argument.
    pub data: Value,
}

impl Event {
    /// Whether it has a place in the log.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.data.get("position").is_some()
    }

    /// Its place in the log.
    #[must_use]
    #[track_caller]
    pub fn position(&self) -> u64 {
        self.data["position"].as_u64().unwrap_or_else(|| panic!("no position in {}", self.data))
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The server said goodbye: official clients do not come back by themselves.
    Disconnect,
    /// The transport closed: official clients reconnect.
    Transport,
}

/// An event with a wish to be acknowledged.
struct Ask {
    event: String,
    payload: Value,
    answer: oneshot::Sender<Value>,
}

/// A connected socket. What it hears is gathered without bound until the test asks for it.
pub struct Socket {
    asks: mpsc::UnboundedSender<Ask>,
    events: mpsc::UnboundedReceiver<Event>,
    reader: JoinHandle<End>,
}

/// Opens a websocket and the namespace.
pub(crate) async fn connect(
    address: SocketAddr,
    token: Option<&str>,
    headers: &[(&'static str, String)],
) -> Result<Socket, String> {
    within("connecting a socket", handshake(address, token, headers)).await
}

async fn handshake(
    address: SocketAddr,
    token: Option<&str>,
    headers: &[(&'static str, String)],
) -> Result<Socket, String> {
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let mut request = url.into_client_request().map_err(|error| error.to_string())?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a header's value"));
    }
    let (mut stream, _) = connect_async(request).await.map_err(|error| format!("no websocket: {error}"))?;
    let open = text(&mut stream).await.ok_or("closed before the handshake")?;
    assert!(open.starts_with('0'), "{open} opens no Engine.IO session");
    let auth = token.map(|token| json!({"token": token}).to_string()).unwrap_or_default();
    stream.send(Message::text(format!("40{auth}"))).await.map_err(|error| error.to_string())?;
    loop {
        let packet = text(&mut stream).await.ok_or("closed during the handshake")?;
        if let Some(refusal) = packet.strip_prefix("44") {
            let refusal: Value = serde_json::from_str(refusal).expect("a refusal is JSON");
            return Err(refusal["message"].as_str().expect("a refusal has a message").to_owned());
        }
        if packet.starts_with("40") {
            let (asks, asked) = mpsc::unbounded_channel();
            let (heard, events) = mpsc::unbounded_channel();
            let reader = tokio::spawn(converse(stream, asked, heard));
            return Ok(Socket { asks, events, reader });
        }
    }
}

async fn text(stream: &mut Stream) -> Option<String> {
    loop {
        match stream.next().await? {
            Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

/// Speaks and listens until either side ends it.
async fn converse(
    mut stream: Stream,
    mut asked: mpsc::UnboundedReceiver<Ask>,
    heard: mpsc::UnboundedSender<Event>,
) -> End {
    let mut waiting = HashMap::new();
    let (mut asks, mut deaf) = (0_u64, false);
    loop {
        tokio::select! {
            ask = asked.recv(), if !deaf => {
                let Some(Ask { event, payload, answer }) = ask else { return End::Transport };
                asks += 1;
                waiting.insert(asks, answer);
                // What the server said before it stopped listening is still to be read.
                deaf = stream.send(Message::text(format!("42{asks}{}", json!([event, payload])))).await.is_err();
            }
            packet = text(&mut stream) => {
                let Some(packet) = packet else { return End::Transport };
                match packet.as_bytes() {
                    [b'2', ..] => drop(stream.send(Message::text("3")).await),
                    [b'4', b'1', ..] => return End::Disconnect,
                    [b'4', b'2', ..] => {
                        let (name, data) = arguments(&packet[2..]);
                        drop(heard.send(Event { name, data }));
                    }
                    [b'4', b'3', ..] => {
                        let digits = packet[2..].bytes().take_while(u8::is_ascii_digit).count();
                        let id = packet[2..2 + digits].parse().expect("an acknowledgement has an id");
                        let mut answer: Vec<Value> = serde_json::from_str(&packet[2 + digits..]).expect("JSON");
                        assert_eq!(answer.len(), 1, "an acknowledgement has one argument: {packet}");
                        let waits: oneshot::Sender<Value> = waiting.remove(&id).expect("no acknowledgement comes twice");
                        drop(waits.send(answer.remove(0)));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn arguments(json: &str) -> (String, Value) {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json} is no event with one argument: {error}"))
}

impl Socket {
    /// Sends an event and waits for its acknowledgement, as it comes.
    pub async fn ask(&self, event: &str, payload: impl Into<Value>) -> Value {
        let (answer, answered) = oneshot::channel();
        let ask = Ask { event: event.to_owned(), payload: payload.into(), answer };
        self.asks.send(ask).unwrap_or_else(|_| panic!("the socket closed before {event}"));
        let answer = within(event, answered).await;
        answer.unwrap_or_else(|_| panic!("the socket closed before {event} was acknowledged"))
    }

    /// As [`Socket::ask`], provided that it is done; gives what came of it.
    pub async fn done(&self, event: &str, payload: impl Into<Value>) -> Value {
        let mut answer = self.ask(event, payload).await;
        assert_eq!(answer["ok"], true, "{event} was refused: {answer}");
        answer["data"].take()
    }

    /// As [`Socket::ask`], provided that it is refused; gives the code.
    pub async fn refused(&self, event: &str, payload: impl Into<Value>) -> String {
        let answer = self.ask(event, payload).await;
        assert_eq!(answer["ok"], false, "{event} was not refused: {answer}");
        answer["error"]["code"].as_str().expect("a refusal has a code").to_owned()
    }

    /// Joins a session's room.
    pub async fn join(&self, session: &str) -> Value {
        self.done("session:join", json!({"sessionId": session})).await
    }

    /// Joins a session's room, asking for all that came after a position.
    pub async fn join_after(&self, session: &str, after: u64) -> Value {
        self.done("session:join", json!({"sessionId": session, "after": after})).await
    }

    /// The next event, whatever it is.
    pub async fn next(&mut self) -> Event {
        within("an event", self.events.recv()).await.expect("the socket closed before an event came")
    }

    /// The next event with a position; passing ones before it are passed over.
    pub async fn next_lasting(&mut self) -> Event {
        loop {
            let event = self.next().await;
            if event.is_lasting() {
                return event;
            }
        }
    }

    /// The next event of this name; others before it are passed over.
    pub async fn next_event(&mut self, name: &str) -> Event {
        within(name, async {
            loop {
                let event = self.events.recv().await;
                let event = event.unwrap_or_else(|| panic!("the socket closed before {name} came"));
                if event.name == name {
                    return event;
                }
            }
        })
        .await
    }

    /// All that was heard and not yet asked for, without waiting.
    pub fn heard(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// What of that has a position.
    pub fn heard_lasting(&mut self) -> Vec<Event> {
        self.heard().into_iter().filter(Event::is_lasting).collect()
    }

    /// All that comes, up to the end.
    pub async fn until_closed(mut self) -> (Vec<Event>, End) {
        let end = within("the end of a socket", &mut self.reader).await.expect("the reader does not fail");
        (self.heard(), end)
    }
}
