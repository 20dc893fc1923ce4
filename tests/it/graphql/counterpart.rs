//! What the operations of REST are called on the other surfaces: the table on which the surfaces are compared.

use serde_json::{Map, Value, json};

use super::ask::{PAGE, SESSION, USER, invitation, membership, message};
use crate::rights::operations::Operation;

/// An operation of REST as GraphQL and, where it exists, Socket.IO have it. Ids have the names of the table of rights.
pub(super) struct Counterpart {
    /// The document; its one variable is `$input`, or there is none.
    pub(super) document: String,
    pub(super) input: Option<Value>,
    /// Where the answer stands in `data`.
    pub(super) place: &'static [&'static str],
    pub(super) event: Option<(&'static str, Value)>,
    /// Whether REST says nothing where the others give something back.
    pub(super) silent: bool,
}

/// Operations that GraphQL leaves to REST: they live by the refresh cookie, or are for those who watch over the server.
pub(super) const OF_REST_ALONE: [&str; 9] = [
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "POST /api/auth/refresh",
    "POST /api/auth/logout",
    "POST /api/auth/password",
    "GET /api/auth/logins",
    "DELETE /api/auth/logins/{id}",
    "POST /api/auth/register",
];

fn query(field: &str, selection: &str, place: &'static [&'static str]) -> Counterpart {
    let document = format!("{{ {field} {{ {selection} }} }}");
    Counterpart { document, input: None, place, event: None, silent: false }
}

/// A list: the items, and where the next page begins.
fn list(field: &str, item: &str, more: &str, place: &'static [&'static str]) -> Counterpart {
    query(field, &format!("nodes {{ {item} }} {more} {PAGE}"), place)
}

/// A list of the session.
fn of_session(field: &str, item: &str, more: &str, place: &'static [&'static str]) -> Counterpart {
    let selection = format!("{field} {{ nodes {{ {item} }} {more} {PAGE} }}");
    query("session(id: \"{id}\")", &selection, place)
}

fn mutation(field: &'static str, place: &'static [&'static str], selection: &str, input: Value) -> Counterpart {
    let kind = format!("{}{}Input", field[..1].to_uppercase(), &field[1..]);
    let selection = if selection.is_empty() { String::new() } else { format!("{{ {selection} }}") };
    let document = format!("mutation M($input: {kind}!) {{ {field}(input: $input) {selection} }}");
    Counterpart { document, input: Some(input), place, event: None, silent: false }
}

impl Counterpart {
    fn event(self, name: &'static str, payload: Value) -> Self {
        Self { event: Some((name, payload)), ..self }
    }

    fn silent(self) -> Self {
        Self { silent: true, ..self }
    }
}

/// The body of REST with ids beside it, and the words of enumerations as the schema has them.
fn with(body: Option<&Value>, ids: &[(&str, &str)]) -> Value {
    let mut input = body.and_then(Value::as_object).cloned().unwrap_or_default();
    for name in ["role", "visibility"] {
        if let Some(word) = input.get(name).and_then(Value::as_str).map(str::to_uppercase) {
            input.insert(name.to_owned(), word.into());
        }
    }
    input.extend(ids.iter().map(|(name, id)| ((*name).to_owned(), Value::from(*id))));
    Value::Object(input)
}

fn payload(body: Option<&Value>, ids: &[(&str, &str)]) -> Value {
    let mut payload = body.and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    payload.extend(ids.iter().map(|(name, id)| ((*name).to_owned(), Value::from(*id))));
    Value::Object(payload)
}

/// The counterpart of an operation; `None` for those of REST alone.
pub(super) fn counterpart(operation: &Operation) -> Option<Counterpart> {
    let name = format!("{} {}", operation.method, operation.path);
    let body = operation.body.as_ref();
    let session = [("sessionId", "{id}")];
    let member = [("sessionId", "{id}"), ("userId", "{userId}")];
    let own = [("messageId", "{messageId}")];
    let within = [("sessionId", "{id}"), ("messageId", "{messageId}")];
    let invited = [("invitationId", "{id}")];
    Some(match &*name {
        "POST /api/auth/login" => mutation("login", &["login"], &format!("user {{ {USER} }}"), with(body, &[])),
        "GET /api/users/me" => query("me", USER, &["me"]),
        "PATCH /api/users/me" => mutation("updateMe", &["updateMe"], USER, with(body, &[])),
        "GET /api/users" => list("users", USER, "", &["users"]),
        "GET /api/notifications" => {
            list("notifications", "id type data readAt createdAt", "unreadCount", &["notifications"])
        }
        "POST /api/notifications/{id}/read" => {
            mutation("readNotification", &["readNotification"], "", with(None, &[("notificationId", "{id}")]))
        }
        "POST /api/notifications/read-all" => {
            mutation("readAllNotifications", &["readAllNotifications"], "", json!({}))
        }
        "GET /api/sessions" => list("sessions", SESSION, "", &["sessions"]),
        "GET /api/sessions/public" => list("publicSessions", SESSION, "", &["publicSessions"]),
        "POST /api/sessions" => mutation("createSession", &["createSession"], SESSION, with(body, &[])),
        "GET /api/sessions/{id}" => query("session(id: \"{id}\")", SESSION, &["session"]),
        "PATCH /api/sessions/{id}" => mutation("updateSession", &["updateSession"], SESSION, with(body, &session)),
        "DELETE /api/sessions/{id}" => mutation("deleteSession", &["deleteSession"], "", with(None, &session)),
        "POST /api/sessions/{id}/join" => mutation("joinSession", &["joinSession"], SESSION, with(None, &session)),
        "POST /api/sessions/{id}/leave" => mutation("leaveSession", &["leaveSession"], "", with(None, &session)),
        "GET /api/sessions/{id}/events" => {
            let selection = "events { items: nodes { type position data } position recovered more }";
            query("session(id: \"{id}\")", selection, &["session", "events"])
        }
        "GET /api/sessions/{id}/presence" => of_session(
            "presence",
            &format!("user {{ {USER} }} connections since"),
            "presenceCount",
            &["session", "presence"],
        ),
        "GET /api/sessions/{id}/invitations" => {
            of_session("invitations", &invitation(), "", &["session", "invitations"])
        }
        "PUT /api/sessions/{id}/read" => {
            let read = mutation("markRead", &["markRead"], "", with(body, &session));
            read.event("message:read", payload(body, &session))
        }
        "GET /api/sessions/{id}/members" => of_session("members", &membership(), "", &["session", "members"]),
        "PATCH /api/sessions/{id}/members/{userId}" => {
            mutation("updateMember", &["updateMember"], &membership(), with(body, &member))
        }
        "DELETE /api/sessions/{id}/members/{userId}" => {
            mutation("removeMember", &["removeMember"], "", with(None, &member))
        }
        "GET /api/sessions/{id}/messages" => of_session("messages", &message(), "", &["session", "messages"]),
        "POST /api/sessions/{id}/messages" => {
            let post = mutation("createMessage", &["createMessage"], &message(), with(body, &session));
            post.event("message:create", payload(body, &session))
        }
        "PATCH /api/sessions/{id}/messages/{messageId}" => {
            let edit = mutation("updateMessage", &["updateMessage"], &message(), with(body, &within));
            edit.event("message:update", payload(body, &own))
        }
        "DELETE /api/sessions/{id}/messages/{messageId}" => {
            let delete = mutation("deleteMessage", &["deleteMessage"], &message(), with(None, &own));
            delete.event("message:delete", payload(None, &own)).silent()
        }
        "GET /api/invitations" => list("invitations", &invitation(), "", &["invitations"]),
        "POST /api/invitations" => mutation("createInvitation", &["createInvitation"], &invitation(), with(body, &[])),
        "POST /api/invitations/{id}/accept" => {
            let selection = format!("invitation {{ {} }} membership {{ {} }}", invitation(), membership());
            let accept = mutation("acceptInvitation", &["acceptInvitation"], &selection, with(None, &invited));
            accept.event("invitation:accept", payload(None, &invited))
        }
        "POST /api/invitations/{id}/decline" => {
            let decline = mutation("declineInvitation", &["declineInvitation"], &invitation(), with(None, &invited));
            decline.event("invitation:decline", payload(None, &invited))
        }
        "DELETE /api/invitations/{id}" => mutation("revokeInvitation", &["revokeInvitation"], "", with(None, &invited)),
        of_rest => {
            assert!(OF_REST_ALONE.contains(&of_rest), "{of_rest} has no counterpart");
            return None;
        }
    })
}
