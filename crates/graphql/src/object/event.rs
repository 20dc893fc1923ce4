//! The lasting events of a session.

use async_graphql::{SimpleObject, connection::PageInfo};
use rondo_domain::{
    event::{EventKind, RecordedEvent},
    session::EventPage,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{AcceptedInvitation, Invitation, Membership, Message, SessionFacts};
use crate::scalar::{Id, Json};

/// A lasting event. Its data stands in `data` as the other surfaces show it, and as a type in the field of its kind; the
/// other fields are `null`.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SessionEvent {
    /// Where it happened.
    session_id: Id,
    /// What kind of thing happened, such as `message:create`.
    #[graphql(name = "type")]
    kind: &'static str,
    /// Its place in the session's log: 1, 2, 3 … without gap or repeat.
    position: i64,
    /// What it carries.
    data: Json,
    /// The message of `message:create`, `message:update` and `message:delete`.
    message: Option<Message>,
    /// The session of `session:update`.
    session: Option<SessionFacts>,
    /// The membership of `member:update` and `invitation:accept`.
    membership: Option<Membership>,
    /// The invitation of `invitation:accept`.
    invitation: Option<Invitation>,
    /// Who is no longer in, of `member:remove`.
    removed_user_id: Option<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    user_id: Id,
}

impl From<&RecordedEvent> for SessionEvent {
    fn from(event: &RecordedEvent) -> Self {
        use EventKind as K;
        let mut told = Self {
            session_id: Id(event.session_id.0),
            kind: event.kind.as_str(),
            position: event.position,
            data: Json::stored(&event.data),
            message: None,
            session: None,
            membership: None,
            invitation: None,
            removed_user_id: None,
        };
        match event.kind {
            K::MessageCreate | K::MessageUpdate | K::MessageDelete => told.message = read(event),
            K::SessionUpdate => told.session = read(event),
            K::SessionDelete => {}
            K::MemberUpdate => told.membership = read(event),
            K::MemberRemove => told.removed_user_id = read(event).map(|Removed { user_id }| user_id),
            K::InvitationAccept => {
                let accepted = read(event).map(AcceptedInvitation::into_parts);
                (told.invitation, told.membership) = accepted.unzip();
            }
        }
        told
    }
}

/// The data of a kept event as a type; `None` where an older release wrote less.
fn read<T: DeserializeOwned>(event: &RecordedEvent) -> Option<T> {
    serde_json::from_str(&event.data).ok()
}

/// A page of a session's log, oldest first.
#[derive(SimpleObject)]
pub(crate) struct SessionEventConnection {
    /// The events with their cursors: their positions.
    edges: Vec<SessionEventEdge>,
    /// The events, without their cursors.
    nodes: Vec<SessionEvent>,
    /// Where this page stands in the log.
    page_info: PageInfo,
    /// Where to ask on from, as `after`.
    position: i64,
    /// Whether the log could tell all that came after the place asked from; if not, read afresh.
    recovered: bool,
    /// Whether there is more to ask for at once.
    more: bool,
}

/// An event with its place in the log.
#[derive(SimpleObject)]
pub(crate) struct SessionEventEdge {
    /// Its position.
    cursor: String,
    /// The event.
    node: SessionEvent,
}

impl SessionEventConnection {
    /// A page that was asked for from `after` on.
    pub(crate) fn of(page: &EventPage, after: i64) -> Self {
        let nodes: Vec<SessionEvent> = page.items.iter().map(SessionEvent::from).collect();
        let cursor = |event: &SessionEvent| event.position.to_string();
        Self {
            edges: nodes.iter().map(|node| SessionEventEdge { cursor: cursor(node), node: node.clone() }).collect(),
            page_info: PageInfo {
                has_previous_page: after > 0,
                has_next_page: page.more,
                start_cursor: nodes.first().map(cursor),
                end_cursor: nodes.last().map(cursor),
            },
            nodes,
            position: page.position,
            recovered: page.recovered,
            more: page.more,
        }
    }
}
