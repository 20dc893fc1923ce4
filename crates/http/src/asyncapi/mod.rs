//! The AsyncAPI document: what Socket.IO clients send and hear, told by the types that the gateway reads and the hub
//! sends. [`sent`] and [`heard`] are the tables of the events; the pages in Markdown are made from the same.

#[cfg(test)]
mod checker;
mod document;
mod examples;
mod facts;
mod heard;
mod json;
mod pages;
mod sent;
mod shape;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use rondo_wire::{
    ErrorCode, Fault,
    socket::{Ack, ConnectError, Handshake},
};
use utoipa::openapi::{AllOf, KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

pub use document::AsyncApi;
use document::{
    Channel, Components, Example, Info, Link, Message, Named, Operation, Reference, Reply, SecurityScheme, Server,
    SocketIo, Tag, Variable,
};
use heard::Heard;
use json::Json;
pub use pages::{errors_page, events_page};
use sent::Sent;
use shape::{Schemas, Shape, reference};

const EVENTS: &str = "events";
const ACKNOWLEDGEMENTS: &str = "acknowledgements";
const POSITIONED: &str = "Positioned";

const TAGS: [(&str, &str); 9] = [
    ("session", "Hearing sessions, and what becomes of them."),
    ("message", "What people write, edit, delete and have read."),
    ("typing", "Who types at this moment."),
    ("presence", "Who is there at this moment, in a crowd."),
    ("member", "Who belongs to a session, as what."),
    ("invitation", "Being invited, and answering."),
    ("notification", "What happened that is for oneself."),
    ("auth", "The life of a connection."),
    ("server", "What becomes of the node that one is connected to."),
];

/// The whole document, AsyncAPI 3.0.
#[must_use]
pub fn asyncapi() -> AsyncApi {
    let mut parts = Parts::default();
    parts.connecting();
    for event in sent::sent() {
        parts.sent(&event);
    }
    for event in heard::heard() {
        parts.heard(event);
    }
    let Parts { schemas, messages, operations, .. } = parts;
    let names = |acknowledge: bool| {
        let named = messages.iter().map(|(name, _)| name).filter(|name| name.ends_with("Ack") == acknowledge);
        Named(named.map(|name| (name.clone(), Reference::new(format!("#/components/messages/{name}")))).collect())
    };
    let channels = vec![
        (EVENTS.to_owned(), events_channel(names(false))),
        (ACKNOWLEDGEMENTS.to_owned(), acknowledgements_channel(names(true))),
    ];
    AsyncApi {
        asyncapi: "3.0.0",
        info: Info {
            title: "Rondo",
            version: env!("CARGO_PKG_VERSION"),
            description: facts::guide("/docs/errors"),
            license: Link { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
            tags: TAGS.map(|(name, description)| Tag { name, description: Some(description) }).into(),
        },
        default_content_type: "application/json",
        servers: Named(servers()),
        channels: Named(channels),
        operations: Named(operations),
        components: Components { messages: Named(messages), schemas, security_schemes: security() },
    }
}

/// The type that an event's payload has, and an example of it.
#[cfg(test)]
pub(crate) fn request(event: crate::gateway::ClientEvent) -> (String, String) {
    let payload = sent::described(event).payload;
    (payload.name(), payload.example().map(|example| example.line()).unwrap_or_default())
}

fn servers() -> Vec<(String, Server)> {
    let server = |protocol, title, description| Server {
        host: "{host}",
        pathname: "/socket.io/",
        protocol,
        protocol_version: "13",
        title,
        description,
        variables: Named(vec![(
            "host".to_owned(),
            Variable { default: "localhost:4000", description: "Where the server is, with its port" },
        )]),
        security: [Reference::new("#/components/securitySchemes/accessToken")],
        socketio: SocketIo { protocol: 5, engine_io: 4, namespace: "/", transports: ["websocket", "polling"] },
    };
    vec![
        ("plain".to_owned(), server("ws", "Without TLS", "As the server itself listens.")),
        ("secure".to_owned(), server("wss", "With TLS", "Behind a proxy that ends TLS.")),
    ]
}

fn security() -> BTreeMap<&'static str, SecurityScheme> {
    let token = SecurityScheme {
        kind: "apiKey",
        place: "password",
        description: "The access token (a JWT) that a sign-in or a refresh answered with, in the `auth` of the Socket.IO \
                      handshake: `io(url, {auth: {token}})`.",
    };
    BTreeMap::from([("accessToken", token)])
}

fn events_channel(messages: Named<Reference>) -> Channel {
    let description = "The one namespace. Clients send events in it, and hear those of the sessions that they have joined \
                       and those that are for them as a person.";
    Channel { address: Some("/"), title: "Events", description, messages }
}

fn acknowledgements_channel(messages: Named<Reference>) -> Channel {
    let description = "The function that goes with each event that a client sends, called once.";
    Channel { address: None, title: "Acknowledgements", description, messages }
}

/// The document as it grows, event by event.
struct Parts {
    schemas: Schemas,
    messages: Vec<(String, Message)>,
    operations: Vec<(String, Operation)>,
}

impl Default for Parts {
    fn default() -> Self {
        let position = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .description(Some("The event's place in the session's log: 1, 2, 3 … without gap or repeat."))
            .minimum(Some(1));
        let positioned = ObjectBuilder::new()
            .description(Some("What stands beside the other fields of every lasting event."))
            .property("position", position)
            .required("position");
        let schemas = Schemas::from([(POSITIONED.to_owned(), RefOr::from(positioned))]);
        Self { schemas, messages: Vec::new(), operations: Vec::new() }
    }
}

impl Parts {
    /// The handshake, and what a refused one hears.
    fn connecting(&mut self) {
        let (handshake, refusal) = (Shape::of::<Handshake>(), Shape::of::<ConnectError>());
        handshake.add(&mut self.schemas);
        refusal.add(&mut self.schemas);
        let tags = tags("auth:connect");
        let connect = Message {
            name: "CONNECT",
            title: "CONNECT (handshake)".to_owned(),
            summary: "The `auth` of the handshake".to_owned(),
            description: String::new(),
            tags: tags.clone(),
            payload: reference(&handshake.name()),
            examples: handshake.example().map(|payload| shown("token", payload)).into_iter().collect(),
        };
        let refused = facts::REFUSALS.map(|(code, _)| shown(code.as_str(), Json::of(&ConnectError { message: code })));
        let error = Message {
            name: "connect_error",
            title: "connect_error".to_owned(),
            summary: "The connection was refused".to_owned(),
            description: "`message` is the error code and nothing else.".to_owned(),
            tags: tags.clone(),
            payload: reference(&refusal.name()),
            examples: refused.into(),
        };
        self.messages.push(("connect".to_owned(), connect));
        self.messages.push(("connectError".to_owned(), error));
        let operation = Operation {
            action: "receive",
            channel: channel(EVENTS),
            title: "Connect".to_owned(),
            summary: "Connect with an access token",
            description: "Who is not let in gets `connect_error` instead of a connection.".to_owned(),
            tags,
            messages: vec![message(EVENTS, "connect")],
            reply: Some(Reply { channel: channel(EVENTS), messages: vec![message(EVENTS, "connectError")] }),
            errors: facts::REFUSALS.map(|(code, _)| code.as_str()).into(),
            to: None,
            has_position: None,
        };
        self.operations.push(("receiveConnect".to_owned(), operation));
    }

    /// An event that clients send.
    fn sent(&mut self, event: &Sent) {
        let name = event.event.name();
        let (request, acknowledgement) = (key(name, "Request"), key(name, "Ack"));
        let ack_schema = format!("{}Ack", event.answer.data.name());
        event.payload.add(&mut self.schemas);
        event.answer.data.add(&mut self.schemas);
        event.answer.whole.add_parts(&mut self.schemas);
        self.schemas.insert(ack_schema.clone(), event.answer.whole.schema());
        let sent = Message {
            name,
            title: format!("{name} (sent)"),
            summary: event.summary.to_owned(),
            description: event.detail.to_owned(),
            tags: tags(name),
            payload: reference(&event.payload.name()),
            examples: event.payload.example().map(|payload| shown("request", payload)).into_iter().collect(),
        };
        let acknowledged = Message {
            name,
            title: format!("{name} (acknowledgement)"),
            summary: format!("What `{name}` is acknowledged with"),
            description: String::new(),
            tags: tags(name),
            payload: reference(&ack_schema),
            examples: acknowledgements(event),
        };
        self.operations.push((
            format!("receive{}", pascal(name)),
            Operation {
                action: "receive",
                channel: channel(EVENTS),
                title: name.to_owned(),
                summary: event.summary,
                description: event.detail.to_owned(),
                tags: tags(name),
                messages: vec![message(EVENTS, &request)],
                reply: Some(Reply {
                    channel: channel(ACKNOWLEDGEMENTS),
                    messages: vec![message(ACKNOWLEDGEMENTS, &acknowledgement)],
                }),
                errors: event.codes().map(ErrorCode::as_str).collect(),
                to: None,
                has_position: None,
            },
        ));
        self.messages.push((request, sent));
        self.messages.push((acknowledgement, acknowledged));
    }

    /// An event that clients hear.
    fn heard(&mut self, event: Heard) {
        let name = event.name;
        event.payload.add(&mut self.schemas);
        let mut payload = reference(&event.payload.name());
        if event.has_position {
            let mut both = AllOf::new();
            both.items = vec![payload, reference(POSITIONED)];
            payload = RefOr::T(Schema::AllOf(both));
        }
        let heard = key(name, "Event");
        let description = format!("Reaches {}. {}", event.to, event.detail);
        self.operations.push((
            format!("send{}", pascal(name)),
            Operation {
                action: "send",
                channel: channel(EVENTS),
                title: name.to_owned(),
                summary: event.summary,
                description: description.clone(),
                tags: tags(name),
                messages: vec![message(EVENTS, &heard)],
                reply: None,
                errors: Vec::new(),
                to: Some(event.to),
                has_position: Some(event.has_position),
            },
        ));
        let told = Message {
            name,
            title: format!("{name} (heard)"),
            summary: event.summary.to_owned(),
            description,
            tags: tags(name),
            payload,
            examples: event.examples.into_iter().map(|payload| shown(&kind(&payload), payload)).collect(),
        };
        self.messages.push((heard, told));
    }
}

/// An acknowledgement of what was done, and one of each refusal that is the event's own.
fn acknowledgements(event: &Sent) -> Vec<Example> {
    let mut examples = vec![shown("done", event.answer.done.clone())];
    let refusals = [ErrorCode::ValidationFailed].iter().chain(event.errors);
    examples.extend(refusals.map(|code| shown(code.as_str(), refusal(event, *code))));
    examples
}

/// A refusal with this code.
fn refusal(event: &Sent, code: ErrorCode) -> Json {
    let fault = match code {
        ErrorCode::ValidationFailed => Fault::field(event.first_field(), "required", "is missing"),
        ErrorCode::RateLimited => {
            Fault { retry_after: Some(Duration::from_millis(500)), ..Fault::new(code, code.meaning().trim()) }
        }
        _ => Fault::new(code, code.meaning().trim()),
    };
    Json::of(&Ack::<()>::refused(fault))
}

/// What an example is called: by its type, where there are several.
fn kind(example: &Json) -> String {
    example.get("type").and_then(Json::as_str).unwrap_or("event").to_owned()
}

fn shown(name: &str, payload: Json) -> Example {
    Example { name: name.to_owned(), payload }
}

fn channel(name: &str) -> Reference {
    Reference::new(format!("#/channels/{name}"))
}

fn message(channel: &str, name: &str) -> Reference {
    Reference::new(format!("#/channels/{channel}/messages/{name}"))
}

/// The tag of an event: what stands before the colon.
fn tags(event: &str) -> Vec<Tag> {
    let known = TAGS.iter().filter(|(name, _)| event.split(':').next() == Some(*name));
    known.map(|(name, _)| Tag { name, description: None }).collect()
}

/// `message:create` as `messageCreateRequest`, the key of a message.
fn key(event: &str, kind: &str) -> String {
    let name = pascal(event);
    let (first, rest) = name.split_at(name.len().min(1));
    format!("{}{rest}{kind}", first.to_lowercase())
}

/// `message:create` as `MessageCreate`.
fn pascal(event: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    event.split(':').map(word).collect()
}
