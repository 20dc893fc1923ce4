//! A small client of `graphql-transport-ws`: operations over one websocket, and what came of each.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

use crate::patience::within;

/// A connection that was let in.
pub struct Subscriber {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    names: u64,
}

/// Opens a websocket and says who speaks.
pub(crate) async fn subscriber(address: SocketAddr, token: &str, headers: &[(&'static str, String)]) -> Subscriber {
    let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (stream, _) = within("opening a websocket", connect_async(request)).await.expect("a websocket");
    let mut subscriber = Subscriber { stream, names: 0 };
    subscriber.send(&json!({"type": "connection_init", "payload": {"token": token}})).await;
    assert_eq!(subscriber.next().await, json!({"type": "connection_ack"}));
    subscriber
}

impl Subscriber {
    /// Begins an operation; gives its name.
    pub async fn begin(&mut self, query: &str, variables: Value) -> String {
        self.names += 1;
        let id = self.names.to_string();
        let payload = json!({"query": query, "variables": variables});
        self.send(&json!({"type": "subscribe", "id": id, "payload": payload})).await;
        id
    }

    /// The next message about an operation, whichever it is.
    pub async fn next(&mut self) -> Value {
        loop {
            match within("hearing a message", self.stream.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).expect("a message is JSON");
                    if message["type"] == "ping" {
                        self.send(&json!({"type": "pong"})).await;
                    } else {
                        return message;
                    }
                }
                Some(Ok(Message::Close(close))) => panic!("closed: {close:?}"),
                Some(Ok(_)) => {}
                end => panic!("the connection ended: {end:?}"),
            }
        }
    }

    /// The next value of an operation: what one field holds.
    ///
    /// # Errors
    /// The code of the error with which it ended.
    pub async fn value(&mut self, id: &str, field: &str) -> Result<Value, String> {
        let message = self.next().await;
        assert_eq!(message["id"], id, "{message}");
        match message["type"].as_str() {
            Some("next") => Ok(message["payload"]["data"][field].clone()),
            Some("error") => Err(message["payload"][0]["extensions"]["code"].as_str().expect("a code").to_owned()),
            _ => panic!("{message}"),
        }
    }

    /// Waits until the operations that were begun so far hear: an operation after them begins once they do.
    pub async fn settle(&mut self) -> Vec<Value> {
        let id = self.begin("{ __typename }", json!({})).await;
        let mut before = Vec::new();
        loop {
            let message = self.next().await;
            match (message["id"] == *id, message["type"].as_str()) {
                (true, Some("complete")) => return before,
                (true, _) => {}
                (false, _) => before.push(message),
            }
        }
    }

    async fn send(&mut self, message: &Value) {
        self.stream.send(Message::text(message.to_string())).await.expect("a message is taken");
    }
}
