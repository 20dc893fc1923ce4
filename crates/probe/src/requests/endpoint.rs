//! What is asked of each endpoint, and by whom.

use crate::{
    Outcome,
    accounts::{Owner, Rest},
    http_client::Request,
    http_load::{NUMBER, Template},
};
use serde_json::json;
use std::{net::SocketAddr, sync::Arc};

/// Who asks.
pub(super) struct People {
    /// Has sessions and messages to be read.
    pub(super) reader: Owner,
    /// One for each connection, each with a session to write to.
    pub(super) speakers: Vec<Owner>,
    pub(super) email: String,
    pub(super) password: String,
}

/// What it is measured beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// A handler that gives the same bytes.
    Same,
    Nothing,
}

/// The fields of `GET /api/sessions?limit=20` in GraphQL.
const SESSIONS: &str = "query Sessions { sessions(first: 20) { nodes { id name description color imageUrl visibility role \
                        memberCount lastSeq lastPosition unreadCount lastMessageAt createdAt updatedAt } \
                        pageInfo { hasNextPage endCursor } } }";

/// One way to ask one endpoint.
pub(super) struct Endpoint {
    pub(super) key: &'static str,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) expected: u16,
    pub(super) beside: Beside,
    ask: Ask,
}

enum Ask {
    /// The reader, the same each time.
    Read,
    /// The reader, with the `ETag` of what is there.
    ReadKnown,
    /// The reader, with numbers up to this.
    ReadOn(u64),
    /// The reader, with this body.
    ReadBy(String),
    /// Each speaker in a session of their own.
    Speak(String),
    /// Each speaker.
    Write(String),
    /// Nobody who is signed in.
    Open(String),
}

/// All that are measured, in their order: what only reads comes first.
pub(super) fn all(people: &People) -> Vec<Endpoint> {
    let session = &people.reader.session;
    let read = |key, name: &str, path: String, ask, beside| {
        let name = format!("GET {name}");
        let expected = if matches!(ask, Ask::ReadKnown) { 304 } else { 200 };
        Endpoint { key, name, path, expected, beside, ask }
    };
    let write = |key, name: &str, path: &str, expected, ask| {
        let name = format!("POST {name}");
        Endpoint { key, name, path: path.to_owned(), expected, beside: Beside::Nothing, ask }
    };
    let list = || "/api/sessions?limit=20".to_owned();
    let message = json!({ "content": format!("Message {NUMBER} of a load test") }).to_string();
    let named = json!({ "name": format!("Session {NUMBER} of a load test") }).to_string();
    let login = json!({ "email": people.email, "password": people.password }).to_string();
    let sessions = json!({ "query": SESSIONS }).to_string();
    vec![
        read("live", "/health/live", "/health/live".to_owned(), Ask::Read, Beside::Same),
        read("sessions", "/api/sessions?limit=20", list(), Ask::Read, Beside::Same),
        read("sessions_304", "/api/sessions?limit=20, If-None-Match", list(), Ask::ReadKnown, Beside::Nothing),
        read("session", "/api/sessions/{id}", format!("/api/sessions/{session}"), Ask::Read, Beside::Same),
        read(
            "messages",
            "…/messages?limit=20, newest",
            format!("/api/sessions/{session}/messages?limit=20"),
            Ask::Read,
            Beside::Same,
        ),
        read(
            "messages_after",
            "…/messages?limit=20&afterSeq=N, N differs",
            format!("/api/sessions/{session}/messages?limit=20&afterSeq={NUMBER}"),
            Ask::ReadOn(u64::from(super::MESSAGES) - 20),
            Beside::Nothing,
        ),
        read("me", "/api/users/me", "/api/users/me".to_owned(), Ask::Read, Beside::Same),
        write(
            "graphql_sessions",
            "/graphql, what GET /api/sessions?limit=20 gives",
            "/graphql",
            200,
            Ask::ReadBy(sessions),
        ),
        write("message_create", "…/messages, durable", "/api/sessions/{id}/messages", 201, Ask::Speak(message)),
        write("session_create", "/api/sessions", "/api/sessions", 201, Ask::Write(named)),
        write("login", "/api/auth/login, bcrypt cost 4", "/api/auth/login", 200, Ask::Open(login)),
    ]
}

impl Endpoint {
    /// A request for each connection; `None` where an `ETag` is needed and not given.
    pub(super) async fn lanes(&self, addr: SocketAddr, people: &People) -> Outcome<Option<Vec<Template>>> {
        let token = &people.reader.token;
        let read = Request::get(&self.path).by(token);
        let numbers = Arc::default();
        let each = |bytes_of: &dyn Fn(&Owner) -> Vec<u8>, span| {
            let lanes = people.speakers.iter().map(|owner| Template::numbered(bytes_of(owner), &numbers, span));
            Ok(Some(lanes.collect()))
        };
        match &self.ask {
            Ask::Read => each(&|_| read.bytes(addr), u64::MAX),
            Ask::ReadBy(body) => each(&|_| Request::post(&self.path, body).by(token).bytes(addr), u64::MAX),
            Ask::ReadOn(span) => each(&|_| read.bytes(addr), *span),
            Ask::ReadKnown => {
                let mut rest = Rest::open(addr).await?;
                rest.bytes(read, 200).await?;
                let Some(known) = rest.header("etag") else { return Ok(None) };
                each(&|_| Request { known: Some(known), ..read }.bytes(addr), u64::MAX)
            }
            Ask::Speak(body) => each(
                &|owner| {
                    let path = self.path.replace("{id}", &owner.session);
                    Request::post(&path, body).by(&owner.token).bytes(addr)
                },
                u64::MAX,
            ),
            Ask::Write(body) => each(&|owner| Request::post(&self.path, body).by(&owner.token).bytes(addr), u64::MAX),
            Ask::Open(body) => each(&|_| Request::post(&self.path, body).bytes(addr), u64::MAX),
        }
    }
}
