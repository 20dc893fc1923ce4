//! The document as AsyncAPI 3.0 has it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};

use super::{
    json::{Json, fields_of},
    shape::Schemas,
};

/// Fields with names of one's own, in their order.
pub(super) struct Named<T>(pub(super) Vec<(String, T)>);

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fields_of(&self.0, serializer)
    }
}

/// A reference to another part of the document.
#[derive(Serialize)]
pub(super) struct Reference {
    #[serde(rename = "$ref")]
    pub(super) to: String,
}

impl Reference {
    pub(super) fn new(to: impl Into<String>) -> Self {
        Self { to: to.into() }
    }
}

/// An AsyncAPI 3.0 document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AsyncApi {
    pub(super) asyncapi: &'static str,
    pub(super) info: Info,
    pub(super) default_content_type: &'static str,
    pub(super) servers: Named<Server>,
    pub(super) channels: Named<Channel>,
    pub(super) operations: Named<Operation>,
    pub(super) components: Components,
}

#[derive(Serialize)]
pub(super) struct Info {
    pub(super) title: &'static str,
    pub(super) version: &'static str,
    pub(super) description: String,
    pub(super) license: Link,
    pub(super) tags: Vec<Tag>,
}

#[derive(Serialize)]
pub(super) struct Link {
    pub(super) name: &'static str,
    pub(super) url: &'static str,
}

#[derive(Clone, Serialize)]
pub(super) struct Tag {
    pub(super) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Server {
    pub(super) host: &'static str,
    pub(super) pathname: &'static str,
    pub(super) protocol: &'static str,
    pub(super) protocol_version: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) variables: Named<Variable>,
    pub(super) security: [Reference; 1],
    #[serde(rename = "x-socketio")]
    pub(super) socketio: SocketIo,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Variable {
    pub(super) default: &'static str,
    pub(super) description: &'static str,
}

/// What AsyncAPI has no word for.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SocketIo {
    pub(super) protocol: u8,
    pub(super) engine_io: u8,
    pub(super) namespace: &'static str,
    pub(super) transports: [&'static str; 2],
}

#[derive(Serialize)]
pub(super) struct Channel {
    /// `null` for what has no address of its own.
    pub(super) address: Option<&'static str>,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) messages: Named<Reference>,
}

#[derive(Serialize)]
pub(super) struct Operation {
    /// As the server sees it: `receive` what clients send, `send` what they hear.
    pub(super) action: &'static str,
    pub(super) channel: Reference,
    pub(super) title: String,
    pub(super) summary: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    pub(super) tags: Vec<Tag>,
    pub(super) messages: Vec<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<Reply>,
    /// The codes of refusals.
    #[serde(rename = "x-errors", skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<&'static str>,
    /// Whom it reaches.
    #[serde(rename = "x-to", skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<&'static str>,
    /// Whether it lasts, and has a position.
    #[serde(rename = "x-has-position", skip_serializing_if = "Option::is_none")]
    pub(super) has_position: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Reply {
    pub(super) channel: Reference,
    pub(super) messages: Vec<Reference>,
}

#[derive(Serialize)]
pub(super) struct Message {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) summary: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    pub(super) tags: Vec<Tag>,
    pub(super) payload: RefOr<Schema>,
    pub(super) examples: Vec<Example>,
}

#[derive(Serialize)]
pub(super) struct Example {
    pub(super) name: String,
    pub(super) payload: Json,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Components {
    pub(super) messages: Named<Message>,
    pub(super) schemas: Schemas,
    pub(super) security_schemes: BTreeMap<&'static str, SecurityScheme>,
}

#[derive(Serialize)]
pub(super) struct SecurityScheme {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "in")]
    pub(super) place: &'static str,
    pub(super) description: &'static str,
}
