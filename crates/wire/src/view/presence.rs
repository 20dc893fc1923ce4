//! Who is there, who types, who has read.

use rondo_domain::{
    account::User,
    presence::{JoinedPresence, Present},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::UserView;
use crate::{Time, encode_roll};

/// Somebody who is present.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Present)]
pub struct PresentView<'a> {
    /// Who.
    pub user: UserView<'a>,
    /// With how many connections.
    #[schema(minimum = 1)]
    pub connections: usize,
    /// Since when: the first of them.
    pub since: Time,
}

impl<'a> PresentView<'a> {
    /// Somebody as they are present.
    #[must_use]
    pub fn of(user: &'a User, present: &Present) -> Self {
        Self { user: UserView::of(user), connections: present.connections, since: present.since.into() }
    }
}

/// A page of those who are present.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PresencePage)]
pub struct PresencePageView<'a> {
    /// Those who are present, the longest first.
    pub items: Vec<PresentView<'a>>,
    /// Where the next page starts; `null` at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// How many people are present altogether.
    pub presence_count: usize,
}

impl<'a> From<&'a JoinedPresence> for PresencePageView<'a> {
    fn from(presence: &'a JoinedPresence) -> Self {
        Self {
            items: presence.people.iter().map(|(user, present)| PresentView::of(user, present)).collect(),
            next_cursor: presence.next.as_ref().map(encode_roll),
            presence_count: presence.count,
        }
    }
}

/// What `session:join` carries to the room.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PersonCame)]
pub struct CameView<'a> {
    /// Where.
    pub session_id: Uuid,
    /// Who.
    #[serde(flatten)]
    pub present: PresentView<'a>,
}

/// What `session:leave`, `typing:start` and `typing:stop` carry.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PersonInSession)]
pub struct SomebodyView<'a> {
    /// Where.
    pub session_id: Uuid,
    /// Who.
    pub user: UserView<'a>,
}

/// What `presence:diff` carries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PresenceDiff)]
pub struct PresenceDiffView<'a> {
    /// Where.
    pub session_id: Uuid,
    /// Who came.
    pub joined: Vec<PresentView<'a>>,
    /// Who went.
    pub left: Vec<UserView<'a>>,
}

/// What `message:read` carries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReadMarker)]
pub struct ReadView {
    /// Where.
    pub session_id: Uuid,
    /// Who.
    pub user_id: Uuid,
    /// The `seq` of the last message that they have read.
    #[schema(minimum = 0)]
    pub seq: i64,
}
