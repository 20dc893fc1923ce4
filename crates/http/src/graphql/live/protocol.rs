//! The messages of `graphql-transport-ws`, as clients send them and as they are answered, and the codes with which a
//! connection is closed.

use std::borrow::Cow;

use actix_ws::{CloseCode, CloseReason};
use bytestring::ByteString;
use rondo_graphql::Ask;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::extract::bearer_in;

/// The subprotocol that is spoken here; no other is.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";
/// The longest name that a client may give an operation, in bytes.
const ID_LENGTH: usize = 256;

pub(super) const ACK: ByteString = ByteString::from_static(r#"{"type":"connection_ack"}"#);
pub(super) const PING: ByteString = ByteString::from_static(r#"{"type":"ping"}"#);
pub(super) const PONG: ByteString = ByteString::from_static(r#"{"type":"pong"}"#);

/// A message of a client.
#[derive(Debug)]
pub(super) enum Message {
    /// Who speaks; nothing when there is no token.
    Init {
        token: Option<String>,
    },
    Ping,
    Pong,
    Subscribe {
        id: String,
        ask: Box<Ask>,
    },
    Complete {
        id: String,
    },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default, borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(default)]
    token: Option<String>,
    /// As a header would say it: GraphiQL, and whoever uses the same function for both, sends it like this.
    #[serde(default, rename = "Authorization", alias = "authorization")]
    authorization: Option<String>,
}

impl Parameters {
    fn token(self) -> Option<String> {
        self.token.or_else(|| bearer_in(&self.authorization?).map(str::to_owned))
    }
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        let Envelope { kind, id, payload } =
            serde_json::from_str(text).map_err(|_| "The message is no JSON object with a type")?;
        let id = || match id {
            Some(id) if id.is_empty() || id.len() > ID_LENGTH => Err("The id must have 1 to 256 bytes"),
            Some(id) => Ok(id),
            None => Err("There is no id"),
        };
        match &*kind {
            "connection_init" => {
                // Without a payload, or with one that holds no token, somebody comes who is nobody.
                let parameters = payload.and_then(|payload| serde_json::from_str::<Parameters>(payload.get()).ok());
                Ok(Self::Init { token: parameters.and_then(Parameters::token) })
            }
            "ping" => Ok(Self::Ping),
            "pong" => Ok(Self::Pong),
            "complete" => Ok(Self::Complete { id: id()? }),
            "subscribe" => {
                let payload = payload.ok_or("There is no payload")?;
                let ask: Ask = serde_json::from_str(payload.get()).map_err(|_| "The payload is no operation")?;
                if ask.query.as_deref().is_none_or(|query| query.trim().is_empty()) {
                    return Err("There is no query");
                }
                Ok(Self::Subscribe { id: id()?, ask: Box::new(ask) })
            }
            _ => Err("There is no such type of message"),
        }
    }
}

/// Writes a message about an operation: its name is JSON already, and so is what it carries.
fn about(text: &mut Vec<u8>, id: &str, kind: &str, payload: &[u8]) {
    let head = [r#"{"id":"#, id, r#","type":""#, kind, r#"","payload":"#];
    text.reserve(head.iter().map(|part| part.len()).sum::<usize>() + payload.len() + 1);
    for part in head {
        text.extend_from_slice(part.as_bytes());
    }
    text.extend_from_slice(payload);
    text.push(b'}');
}

/// Writes a value of an operation.
pub(super) fn next(text: &mut Vec<u8>, id: &str, payload: &[u8]) {
    about(text, id, "next", payload);
}

/// Writes the errors with which an operation ends.
pub(super) fn error(text: &mut Vec<u8>, id: &str, errors: &[u8]) {
    about(text, id, "error", errors);
}

/// Writes that an operation is done.
pub(super) fn complete(text: &mut Vec<u8>, id: &str) {
    for part in [r#"{"id":"#, id, r#","type":"complete"}"#] {
        text.extend_from_slice(part.as_bytes());
    }
}

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: Cow<'static, str>,
}

impl Close {
    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// The client is done.
    pub(super) const NORMAL: Self = Self::new(1000, "");
    /// It sent more than a message may have.
    pub(super) const TOO_LARGE: Self = Self::new(1009, "payload_too_large");
    /// It goes on sending more than it may.
    pub(super) const FLOOD: Self = Self::new(1008, "rate_limited");
    /// The node stops; another one serves on.
    pub(super) const RESTART: Self = Self::new(1012, "The server restarts");
    /// It reads too slowly for what it must be told, or the server cannot serve it at this moment.
    pub(super) const LAGGED: Self = Self::new(1013, "lagged");
    pub(super) const UNAVAILABLE: Self = Self::new(1013, "unavailable");
    pub(super) const UNAUTHORIZED: Self = Self::new(4401, "Unauthorized");
    pub(super) const OTHER_PROTOCOL: Self = Self::new(4406, "Subprotocol not acceptable");
    pub(super) const INIT_TIMEOUT: Self = Self::new(4408, "Connection initialisation timeout");
    pub(super) const SECOND_INIT: Self = Self::new(4429, "Too many initialisation requests");

    /// What it said cannot be read.
    pub(super) const fn bad(why: &'static str) -> Self {
        Self::new(4400, why)
    }

    /// Its token is not, or no longer, good: the code tells why.
    pub(super) const fn forbidden(code: &'static str) -> Self {
        Self::new(4403, code)
    }

    /// It named two operations alike.
    pub(super) fn duplicate(id: &str) -> Self {
        Self { code: 4409, reason: Cow::Owned(format!("Subscriber for {id} already exists")) }
    }
}

impl From<Close> for CloseReason {
    fn from(close: Close) -> Self {
        let description = (!close.reason.is_empty()).then(|| close.reason.into_owned());
        Self { code: CloseCode::from(close.code), description }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_the_protocol_writes_them() {
        let token = |text: &str| match Message::read(text) {
            Ok(Message::Init { token }) => token,
            other => panic!("{other:?}"),
        };
        assert_eq!(token(r#"{"type":"connection_init","payload":{"token":"t","more":1}}"#).as_deref(), Some("t"));
        for header in ["Authorization", "authorization"] {
            let init = format!(r#"{{"type":"connection_init","payload":{{"{header}":"Bearer t"}}}}"#);
            assert_eq!(token(&init).as_deref(), Some("t"));
        }
        for nobody in [
            "",
            r#","payload":{"Authorization":"t"}"#,
            r#","payload":null"#,
            r#","payload":{}"#,
            r#","payload":{"token":1}"#,
            r#","payload":[1]"#,
        ] {
            assert_eq!(token(&format!(r#"{{"type":"connection_init"{nobody}}}"#)), None, "{nobody}");
        }
        assert!(matches!(Message::read(r#"{"type":"ping","payload":{"a":1}}"#), Ok(Message::Ping)));
        assert!(matches!(Message::read(r#"{"type":"pong"}"#), Ok(Message::Pong)));
        assert!(matches!(Message::read(r#"{"type":"complete","id":"1"}"#), Ok(Message::Complete { id }) if id == "1"));
        let asked = r#"{"type":"subscribe","id":"1","payload":{"query":"{ me { id } }","variables":null}}"#;
        assert!(matches!(Message::read(asked), Ok(Message::Subscribe { id, .. }) if id == "1"));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for odd in [
            "",
            "{",
            "[]",
            "1",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"connection_ack"}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":""}"#,
            r#"{"type":"complete","id":7}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":" "}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[1]}}"#,
        ] {
            assert!(Message::read(odd).is_err(), "{odd}");
        }
        let long = format!(r#"{{"type":"complete","id":"{}"}}"#, "x".repeat(ID_LENGTH + 1));
        assert!(Message::read(&long).is_err());
    }

    #[test]
    fn frames_are_json_whatever_an_operation_is_called() {
        let id = serde_json::to_string("a\"\\ñ").unwrap();
        let written = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut text = Vec::new();
            write(&mut text);
            serde_json::from_slice::<serde_json::Value>(&text).unwrap()
        };
        let value = r#"{"data":{"a":"ñ"}}"#.as_bytes();
        let expected = serde_json::json!({"id": "a\"\\ñ", "type": "next", "payload": {"data": {"a": "ñ"}}});
        assert_eq!(written(&|text| next(text, &id, value)), expected);
        assert_eq!(written(&|text| complete(text, &id)), serde_json::json!({"id": "a\"\\ñ", "type": "complete"}));
    }
}
