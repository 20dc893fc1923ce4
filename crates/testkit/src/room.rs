//! Sessions, as tests make and read them.

use serde_json::{Map, Value, json};

use crate::{Person, percent};

/// A session in the making: private, and called "A room", unless it says otherwise.
#[derive(Clone, Debug, Default)]
pub struct SessionBuilder {
    fields: Map<String, Value>,
}

impl SessionBuilder {
    /// Under this name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.with("name", name)
    }

    /// For anybody to join.
    #[must_use]
    pub fn public(self) -> Self {
        self.with("visibility", "public")
    }

    /// With a field of the body.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// Whose it is.
    #[must_use]
    pub fn owned_by(self, owner: &Person) -> OwnedSession<'_> {
        OwnedSession { owner, fields: self.fields }
    }
}

/// A session in the making that knows its owner.
pub struct OwnedSession<'a> {
    owner: &'a Person,
    fields: Map<String, Value>,
}

impl OwnedSession<'_> {
    /// Makes it.
    pub async fn create(mut self) -> Room {
        self.fields.entry("name").or_insert_with(|| json!("A room"));
        let session = self.owner.post("/api/sessions").json(self.fields).await.told(201);
        Room { id: session["id"].as_str().expect("an id").to_owned(), session }
    }
}

/// A session that exists, or did.
#[derive(Clone, Debug)]
pub struct Room {
    /// Which.
    pub id: String,
    /// How it was when it was made.
    pub session: Value,
}

impl Room {
    /// Its address, or one below it.
    #[must_use]
    pub fn path(&self, below: &str) -> String {
        format!("/api/sessions/{}{below}", self.id)
    }

    /// Posts a message and gives it.
    pub async fn post(&self, author: &Person, content: &str) -> Value {
        author.post(&self.path("/messages")).json(json!({"content": content})).await.told(201)
    }

    /// Has somebody become a member; gives the session as they see it.
    pub async fn join(&self, person: &Person) -> Value {
        person.post(&self.path("/join")).await.told(200)
    }

    /// Has somebody leave.
    pub async fn leave(&self, person: &Person) {
        person.post(&self.path("/leave")).await.assert_status(204);
    }

    /// Invites somebody who has an account; gives the invitation.
    pub async fn invite(&self, inviter: &Person, guest: &Person, role: &str) -> Value {
        let body = json!({"sessionId": self.id, "email": guest.email, "role": role});
        inviter.post("/api/invitations").json(body).await.told(201)
    }

    /// Has somebody become a member of this role, by an invitation of the owner; private sessions too.
    pub async fn admit(&self, owner: &Person, guest: &Person, role: &str) {
        let invited = if role == "owner" { "moderator" } else { role };
        let invitation = self.invite(owner, guest, invited).await;
        guest.post(&invitation_path(&invitation, "/accept")).await.assert_status(200);
        if role != invited {
            self.change_role(owner, guest, role).await;
        }
    }

    /// Gives a member another role.
    pub async fn change_role(&self, owner: &Person, member: &Person, role: &str) -> Value {
        owner.patch(&self.member_path(member)).json(json!({"role": role})).await.told(200)
    }

    /// A member's address.
    #[must_use]
    pub fn member_path(&self, member: &Person) -> String {
        self.path(&format!("/members/{}", member.id))
    }

    /// A message's address.
    #[must_use]
    #[track_caller]
    pub fn message_path(&self, message: &Value) -> String {
        self.path(&format!("/messages/{}", message["id"].as_str().expect("an id")))
    }

    /// The session as somebody sees it now.
    pub async fn seen_by(&self, person: &Person) -> Value {
        person.get(&self.path("")).await.told(200)
    }

    /// Every message, oldest first, page by page.
    pub async fn messages(&self, reader: &Person) -> Vec<Value> {
        pages(reader, &self.path("/messages?afterSeq=0&limit=100"), &self.path("/messages?limit=100")).await
    }

    /// Every event after a position, page by page.
    pub async fn events_after(&self, reader: &Person, after: u64) -> Vec<Value> {
        let (mut events, mut position) = (Vec::new(), after);
        loop {
            let page = reader.get(&self.path(&format!("/events?limit=500&after={position}"))).await.told(200);
            assert_eq!(page["recovered"], true, "{page}");
            events.extend(page["items"].as_array().expect("items").iter().cloned());
            let next = page["position"].as_u64().expect("a position");
            if page["more"] != true {
                return events;
            }
            assert!(next > position, "a page with more to come moves on");
            position = next;
        }
    }

    /// Every event there is.
    pub async fn events(&self, reader: &Person) -> Vec<Value> {
        self.events_after(reader, 0).await
    }
}

/// An invitation's address, or one below it.
#[must_use]
#[track_caller]
pub fn invitation_path(invitation: &Value, below: &str) -> String {
    format!("/api/invitations/{}{below}", invitation["id"].as_str().expect("an id"))
}

/// Every item of a list: the first page at `first`, each further one at `on` with its cursor.
async fn pages(reader: &Person, first: &str, on: &str) -> Vec<Value> {
    let mut page = reader.get(first).await.told(200);
    let mut items = Vec::new();
    loop {
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        let Some(cursor) = page["nextCursor"].as_str() else { return items };
        page = reader.get(&format!("{on}&cursor={}", percent(cursor))).await.told(200);
    }
}
