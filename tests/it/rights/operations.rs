//! Every operation and how it answers whom: the reviewed table. Kept complete by tests that read the server's own
//! documents.

use std::collections::BTreeSet;

use rondo_testkit::{Backend, TestApp};
use serde_json::{Value, json};

/// An operation in one of its uses. Statuses are what it answers to a good request of this person; a socket's refusals
/// stand as the statuses of their codes, and what is done as 200.
pub(crate) struct Operation {
    /// An HTTP method, or `EVENT` for an event of a socket.
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Option<Value>,
    /// Nobody: no token at all.
    pub(crate) nobody: u16,
    pub(crate) verdicts: Verdicts,
    /// Whose member, message, invitation, notification or login it is about.
    pub(crate) whose: Whose,
}

/// How an operation answers those who are signed in.
#[derive(Clone, Copy)]
pub(crate) enum Verdicts {
    /// It is not for people who are signed in.
    Open,
    /// To anybody alike.
    Anybody(u16),
    /// It depends on who asks: outsiders of a private and of a public session, then owner, moderator, member, viewer.
    Each([u16; 6]),
}

/// Those of [`Verdicts::Each`], in this order.
pub(crate) const CALLERS: [&str; 6] =
    ["an outsider of a private session", "an outsider of a public session", "owner", "moderator", "member", "viewer"];

/// What the path's and the body's ids name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The caller's own.
    Own,
    /// Somebody else's.
    Other,
    /// A member's of this role, or an invitation to it.
    Of(&'static str),
}

const fn open(method: &'static str, path: &'static str, nobody: u16) -> Operation {
    Operation { method, path, body: None, nobody, verdicts: Verdicts::Open, whose: Whose::Other }
}

const fn closed(method: &'static str, path: &'static str) -> Operation {
    open(method, path, 401)
}

const fn event(name: &'static str) -> Operation {
    open("EVENT", name, 401)
}

impl Operation {
    fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Its path and body, with the names of ids in them.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.path, self.body.clone().unwrap_or_default())
    }

    fn anybody(self, status: u16) -> Self {
        Self { verdicts: Verdicts::Anybody(status), ..self }
    }

    fn each(self, verdicts: [u16; 6]) -> Self {
        Self { verdicts: Verdicts::Each(verdicts), ..self }
    }

    fn own(self) -> Self {
        Self { whose: Whose::Own, ..self }
    }

    fn of(self, role: &'static str) -> Self {
        Self { whose: Whose::Of(role), ..self }
    }
}

/// The table.
pub(crate) fn all() -> Vec<Operation> {
    let mut all = accounts();
    all.extend(sessions());
    all.extend(members());
    all.extend(messages());
    all.extend(invitations());
    all.extend(events());
    all
}

fn accounts() -> Vec<Operation> {
    let credentials = json!({"email": "nobody@example.org", "password": "correct horse"});
    let passwords = json!({"currentPassword": "some other password", "newPassword": "battery horse correct"});
    vec![
        open("GET", "/health", 200),
        open("GET", "/health/live", 200),
        open("GET", "/health/ready", 200),
        open("POST", "/api/auth/register", 422).body(credentials.clone()),
        open("POST", "/api/auth/login", 401).body(credentials),
        open("POST", "/api/auth/refresh", 401),
        open("POST", "/api/auth/logout", 204),
        closed("POST", "/api/auth/password").body(passwords).anybody(422),
        closed("GET", "/api/auth/logins").anybody(200),
        closed("DELETE", "/api/auth/logins/{id}").anybody(404),
        closed("DELETE", "/api/auth/logins/{id}").own().anybody(204),
        closed("GET", "/api/users/me").anybody(200),
        closed("PATCH", "/api/users/me").body(json!({})).anybody(200),
        closed("GET", "/api/users").anybody(200),
        closed("GET", "/api/notifications").anybody(200),
        closed("POST", "/api/notifications/{id}/read").anybody(404),
        closed("POST", "/api/notifications/{id}/read").own().anybody(204),
        closed("POST", "/api/notifications/read-all").anybody(204),
    ]
}

fn sessions() -> Vec<Operation> {
    vec![
        closed("GET", "/api/sessions").anybody(200),
        closed("GET", "/api/sessions/public").anybody(200),
        closed("POST", "/api/sessions").body(json!({"name": "A room"})).anybody(201),
        closed("GET", "/api/sessions/{id}").each([404, 200, 200, 200, 200, 200]),
        closed("PATCH", "/api/sessions/{id}").body(json!({"name": "Another"})).each([404, 403, 200, 403, 403, 403]),
        closed("DELETE", "/api/sessions/{id}").each([404, 403, 204, 403, 403, 403]),
        closed("POST", "/api/sessions/{id}/join").each([404, 200, 200, 200, 200, 200]),
        closed("POST", "/api/sessions/{id}/leave").each([404, 403, 204, 204, 204, 204]),
        closed("GET", "/api/sessions/{id}/events").each([404, 403, 200, 200, 200, 200]),
        closed("GET", "/api/sessions/{id}/presence").each([404, 403, 200, 200, 200, 200]),
        closed("GET", "/api/sessions/{id}/invitations").each([404, 403, 200, 200, 403, 403]),
        closed("PUT", "/api/sessions/{id}/read").body(json!({"seq": 1})).each([404, 403, 204, 204, 204, 204]),
    ]
}

fn members() -> Vec<Operation> {
    let role = |of, role: &str, verdicts| {
        let operation = closed("PATCH", "/api/sessions/{id}/members/{userId}").body(json!({"role": role}));
        operation.of(of).each(verdicts)
    };
    let own = closed("PATCH", "/api/sessions/{id}/members/{userId}").body(json!({"role": "viewer"})).own();
    let remove = || closed("DELETE", "/api/sessions/{id}/members/{userId}");
    vec![
        closed("GET", "/api/sessions/{id}/members").each([404, 403, 200, 200, 200, 200]),
        role("owner", "member", [404, 403, 200, 403, 403, 403]),
        role("moderator", "member", [404, 403, 200, 403, 403, 403]),
        role("member", "owner", [404, 403, 200, 403, 403, 403]),
        role("member", "viewer", [404, 403, 200, 403, 403, 403]),
        role("viewer", "member", [404, 403, 200, 403, 403, 403]),
        own.each([404, 403, 200, 403, 403, 403]),
        remove().of("owner").each([404, 403, 204, 403, 403, 403]),
        remove().of("moderator").each([404, 403, 204, 403, 403, 403]),
        remove().of("member").each([404, 403, 204, 204, 403, 403]),
        remove().of("viewer").each([404, 403, 204, 204, 403, 403]),
        remove().own().each([404, 403, 204, 204, 204, 204]),
    ]
}

fn messages() -> Vec<Operation> {
    let edit = || closed("PATCH", "/api/sessions/{id}/messages/{messageId}").body(json!({"content": "better"}));
    let delete = || closed("DELETE", "/api/sessions/{id}/messages/{messageId}");
    let post = closed("POST", "/api/sessions/{id}/messages").body(json!({"content": "hi"}));
    vec![
        closed("GET", "/api/sessions/{id}/messages").each([404, 403, 200, 200, 200, 200]),
        post.each([404, 403, 201, 201, 201, 403]),
        edit().own().each([404, 403, 200, 200, 200, 403]),
        edit().each([404, 403, 403, 403, 403, 403]),
        delete().own().each([404, 403, 204, 204, 204, 403]),
        delete().each([404, 403, 204, 204, 403, 403]),
    ]
}

fn invitations() -> Vec<Operation> {
    let invite = |role: &str, verdicts| {
        let body = json!({"sessionId": "{id}", "email": "somebody@example.org", "role": role});
        closed("POST", "/api/invitations").body(body).each(verdicts)
    };
    let revoke = || closed("DELETE", "/api/invitations/{id}");
    vec![
        closed("GET", "/api/invitations").anybody(200),
        invite("owner", [422, 422, 422, 422, 422, 422]),
        invite("moderator", [404, 403, 201, 403, 403, 403]),
        invite("member", [404, 403, 201, 201, 403, 403]),
        invite("viewer", [404, 403, 201, 201, 403, 403]),
        closed("POST", "/api/invitations/{id}/accept").of("member").each([404; 6]),
        closed("POST", "/api/invitations/{id}/accept").own().each([200; 6]),
        closed("POST", "/api/invitations/{id}/decline").of("member").each([404; 6]),
        closed("POST", "/api/invitations/{id}/decline").own().each([200; 6]),
        revoke().of("moderator").each([404, 404, 204, 403, 404, 404]),
        revoke().of("member").each([404, 404, 204, 204, 404, 404]),
        revoke().of("viewer").each([404, 404, 204, 204, 404, 404]),
        // Whose it is may know of it, and declines it.
        revoke().own().each([403, 403, 204, 204, 403, 403]),
    ]
}

fn events() -> Vec<Operation> {
    let room = || json!({"sessionId": "{id}"});
    let edit = || event("message:update").body(json!({"messageId": "{messageId}", "content": "better"}));
    let delete = || event("message:delete").body(json!({"messageId": "{messageId}"}));
    let answer = |name| event(name).body(json!({"invitationId": "{invitationId}"}));
    vec![
        event("session:join").body(room()).each([404, 403, 200, 200, 200, 200]),
        event("session:leave").body(room()).each([200; 6]),
        event("message:create")
            .body(json!({"sessionId": "{id}", "content": "hi"}))
            .each([404, 403, 200, 200, 200, 403]),
        edit().own().each([404, 403, 200, 200, 200, 403]),
        edit().each([404, 403, 403, 403, 403, 403]),
        delete().own().each([404, 403, 200, 200, 200, 403]),
        delete().each([404, 403, 200, 200, 403, 403]),
        event("message:read").body(json!({"sessionId": "{id}", "seq": 1})).each([404, 403, 200, 200, 200, 200]),
        // In the room where they may join it: `not_joined` otherwise.
        event("typing:start").body(room()).each([409, 409, 200, 200, 200, 403]),
        event("typing:stop").body(room()).each([409, 409, 200, 200, 200, 200]),
        answer("invitation:accept").of("member").each([404; 6]),
        answer("invitation:accept").own().each([200; 6]),
        answer("invitation:decline").of("member").each([404; 6]),
        answer("invitation:decline").own().each([200; 6]),
        event("auth:refresh").body(json!({"token": "{token}"})).own().anybody(200),
        event("auth:refresh").body(json!({"token": "{token}"})).anybody(403),
    ]
}

/// What the table tries, by its names.
fn tried(events: bool) -> BTreeSet<String> {
    let chosen = all().into_iter().filter(|operation| (operation.method == "EVENT") == events);
    chosen.map(|operation| format!("{} {}", operation.method, operation.path)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_every_operation_of_the_document_and_no_other() {
    let app = TestApp::start(Backend::Sqlite).await;
    let document = app.get("/api/openapi.json").await.told(200);

    let paths = document["paths"].as_object().unwrap().iter();
    let methods = ["get", "put", "post", "delete", "patch", "options", "head", "trace"];
    let documented: BTreeSet<_> = paths
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (method.as_str(), path)))
        .filter(|(method, _)| methods.contains(method))
        .map(|(method, path)| format!("{} {path}", method.to_uppercase()))
        .collect();

    assert_eq!(tried(false), documented, "each operation is tried as nobody, as an outsider and as every role");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_every_event_that_clients_send_and_no_other() {
    let app = TestApp::start(Backend::Sqlite).await;
    let document = app.get("/api/asyncapi.json").await.told(200);

    let received = document["operations"].as_object().unwrap().values();
    let received = received.filter(|operation| operation["action"] == "receive");
    let documented: BTreeSet<_> = received
        .flat_map(|operation| operation["messages"].as_array().unwrap())
        .map(|message| {
            let mut found = message;
            while let Some(reference) = found["$ref"].as_str() {
                found = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
            }
            format!("EVENT {}", found["name"].as_str().unwrap())
        })
        .filter(|name| name != "EVENT CONNECT") // nobody's attempt of it is among the tests of the table
        .collect();

    assert_eq!(tried(true), documented, "each event is tried as an outsider and as every role");
}
