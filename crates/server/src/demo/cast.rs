//! The demo's text, as it stands in `demo.json`.

use std::collections::HashMap;

use rondo_domain::account::User;
use serde::Deserialize;

use super::DemoError;

/// Who there is and what they share.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cast {
    pub(super) people: Vec<Person>,
    pub(super) sessions: Vec<Room>,
}

/// Somebody.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Person {
    pub(super) key: String,
    pub(super) email: String,
    pub(super) display_name: String,
    pub(super) bio: Option<String>,
}

/// A session.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Room {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) color: Option<String>,
    pub(super) visibility: String,
    pub(super) members: Vec<Member>,
    /// Who waits at the door, by address.
    #[serde(default)]
    pub(super) invited: Vec<String>,
    pub(super) messages: Vec<Line>,
}

/// That somebody is in a session.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub(super) who: String,
    pub(super) role: String,
}

/// A message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Line {
    pub(super) by: String,
    /// Its age when the demo is written.
    pub(super) minutes_before: i64,
    pub(super) content: String,
    /// The place in the list of the message that it answers.
    #[serde(default)]
    pub(super) reply_to: Option<usize>,
}

impl Cast {
    pub(super) fn read() -> Result<Self, DemoError> {
        serde_json::from_str(include_str!("demo.json")).map_err(|error| DemoError::Broken(error.to_string()))
    }

    /// Whom the rooms invite.
    pub(super) fn invitations(&self) -> impl Iterator<Item = (&str, &Room)> {
        self.sessions.iter().flat_map(|room| room.invited.iter().map(move |email| (email.as_str(), room)))
    }

    pub(super) fn owner(&self, room: &Room) -> Result<&Person, DemoError> {
        let owner = room.members.iter().find(|member| member.role == "owner");
        let person = owner.and_then(|owner| self.people.iter().find(|person| person.key == owner.who));
        person.ok_or_else(|| DemoError::Broken(format!("{} has no owner", room.key)))
    }
}

/// Somebody of the cast by key.
pub(super) fn known<'a>(people: &'a HashMap<&String, User>, key: &String) -> Result<&'a User, DemoError> {
    people.get(key).ok_or_else(|| DemoError::Broken(format!("nobody is called {key}")))
}
