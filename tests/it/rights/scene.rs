//! A caller before an operation: the session, the member, the message, the invitation that it is about.

use rondo_testkit::{Answer, Person, Request, Room, TestApp, decoded};
use rondo_wire::ErrorCode;
use serde_json::{Value, json};

use super::operations::{CALLERS, Operation, Whose};

/// The people of all scenes. Each scene has a session of its own.
pub(crate) struct Cast {
    pub(crate) owner: Person,
    /// Who tries.
    pub(crate) caller: Person,
    /// Whom it is about, where that is neither.
    pub(crate) subject: Person,
}

impl Cast {
    pub(crate) async fn gather(app: &TestApp) -> Self {
        Self { owner: app.user("ada").await, caller: app.user("eve").await, subject: app.user("grace").await }
    }
}

/// A session with a caller before it, and the ids that an operation names.
pub(crate) struct Scene<'a> {
    pub(crate) cast: &'a Cast,
    pub(crate) room: Room,
    ids: Vec<(&'static str, String)>,
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

impl<'a> Scene<'a> {
    /// The caller is one of [`CALLERS`].
    pub(crate) async fn set(app: &TestApp, cast: &'a Cast, operation: &Operation, caller: &'static str) -> Self {
        let Cast { owner, caller: eve, subject } = cast;
        let private = caller == CALLERS[0];
        let room = app.session().public().owned_by(owner).create().await;
        let Operation { path, whose, .. } = operation;
        let about = |what: &str| operation.text().contains(what);
        let mut ids = Vec::new();

        if about("nvitation") {
            let (guest, role) = match whose {
                Whose::Own => (eve, "member"),
                Whose::Of(role) => (subject, *role),
                Whose::Other => (subject, "member"),
            };
            if *whose != Whose::Other {
                let invitation = id(&room.invite(owner, guest, role).await);
                ids.push(("{invitationId}", invitation.clone()));
                if path.starts_with("/api/invitations/{id}") {
                    ids.push(("{id}", invitation));
                }
            }
        }
        let mut message = None;
        if about("{messageId}") || path.ends_with("read") {
            let author = if *whose == Whose::Own { eve } else { owner };
            if *whose == Whose::Own {
                room.join(eve).await;
            }
            message = Some(room.post(author, "hi").await);
        }
        ids.extend(message.map(|message| ("{messageId}", id(&message))));
        if about("{userId}") {
            if let Whose::Of(role) = whose {
                room.join(subject).await;
                room.change_role(owner, subject, role).await;
            }
            ids.push(("{userId}", if *whose == Whose::Own { eve.id.clone() } else { subject.id.clone() }));
        }
        if CALLERS[..2].contains(&caller) {
            if *whose == Whose::Own && about("{messageId}") {
                room.leave(eve).await;
            }
        } else {
            room.join(eve).await;
            room.change_role(owner, eve, caller).await;
        }
        if private {
            owner.patch(&room.path("")).json(json!({"visibility": "private"})).await.assert_status(200);
        }
        ids.push(("{id}", room.id.clone()));
        Self { cast, room, ids }
    }

    /// For operations that have no session: whose notification, login or token it is.
    pub(crate) async fn personal(app: &TestApp, cast: &'a Cast, operation: &Operation) -> Self {
        let room = app.session().owned_by(&cast.owner).create().await;
        let person = if operation.whose == Whose::Own { &cast.caller } else { &cast.subject };
        let mut ids = Vec::new();
        if operation.path.starts_with("/api/notifications/{id}") {
            room.invite(&cast.owner, person, "member").await;
            ids.push(("{id}", id(&person.notifications().await[0])));
        }
        if operation.text().contains("{token}") || operation.path.starts_with("/api/auth/logins/{id}") {
            let login = person.login().await;
            ids.push(("{id}", decoded(&login.access)["sid"].as_str().unwrap().to_owned()));
            ids.push(("{token}", login.access));
        }
        Self { cast, room, ids }
    }

    pub(crate) fn filled(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    /// Has the caller try it, whatever the surface; gives the status, and the answer of REST.
    pub(crate) async fn attempt(&self, operation: &Operation) -> (u16, Value) {
        if operation.method == "EVENT" {
            let socket = self.cast.caller.socket().await;
            if operation.path.starts_with("typing:") {
                socket.ask("session:join", json!({"sessionId": self.room.id})).await;
            }
            let payload: Value =
                serde_json::from_str(&self.filled(&operation.body.as_ref().unwrap().to_string())).unwrap();
            let answer = socket.ask(operation.path, payload).await;
            return (status_of(&answer), answer);
        }
        let answer = self.request(operation, |method, path| self.cast.caller.request(method, path)).await;
        match answer.status {
            403 => answer.assert_problem(403, "forbidden"),
            404 => answer.assert_problem(404, "not_found"),
            _ => {}
        }
        (answer.status, answer.body)
    }

    /// The operation of REST with these ids, by whoever `ask` is.
    pub(crate) async fn request(
        &self,
        operation: &Operation,
        ask: impl FnOnce(reqwest::Method, &str) -> Request,
    ) -> Answer {
        let request = ask(operation.method.parse().unwrap(), &self.filled(operation.path));
        match &operation.body {
            Some(body) => request.body("application/json", self.filled(&body.to_string())).await,
            None => request.await,
        }
    }

    /// All of the session that a refused operation could have changed.
    pub(crate) async fn state(&self) -> (Value, Value) {
        let owner = &self.cast.owner;
        let invitations = owner.get(&self.room.path("/invitations")).await.told(200);
        (self.room.seen_by(owner).await, invitations)
    }
}

/// What an acknowledgement amounts to.
pub(crate) fn status_of(answer: &Value) -> u16 {
    if answer["ok"] == true {
        return 200;
    }
    let code = ErrorCode::ALL.iter().find(|code| answer["error"]["code"] == code.as_str());
    code.unwrap_or_else(|| panic!("{answer} has no code of the catalogue")).status()
}
