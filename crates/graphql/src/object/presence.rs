//! Who is present.

use async_graphql::SimpleObject;
use rondo_domain::{
    account::User as Person,
    presence::{JoinedPresence, Present as Standing},
};
use serde::Deserialize;

use super::{Somebody, User};
use crate::{
    connection::connection,
    scalar::{DateTime, Id},
};

/// Somebody who is present.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct Present {
    /// Who.
    user: User,
    /// With how many connections.
    connections: usize,
    /// Since when: the first of them.
    since: DateTime,
}

impl From<&(Person, Standing)> for Present {
    fn from((user, present): &(Person, Standing)) -> Self {
        Self { user: user.into(), connections: present.connections, since: present.since.into() }
    }
}

/// Who came into a session, and who is gone from it.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PresenceChange {
    /// Where.
    session_id: Id,
    /// Who came: whose first connection is there.
    joined: Vec<Present>,
    /// Who went: whose last connection is gone.
    left: Vec<User>,
}

/// Somebody who came, as the other surfaces tell of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Came {
    session_id: Id,
    #[serde(flatten)]
    present: Present,
}

impl PresenceChange {
    pub(crate) fn came(Came { session_id, present }: Came) -> Self {
        Self { session_id, joined: vec![present], left: Vec::new() }
    }

    pub(crate) fn went(Somebody { session_id, user }: Somebody) -> Self {
        Self { session_id, joined: Vec::new(), left: vec![user] }
    }
}

connection! {
    /// A page of those who are present, the longest first.
    PresenceConnection, PresenceEdge of Present {
        /// How many people are present altogether.
        total_count: usize,
        /// The same, as the other surfaces call it.
        presence_count: usize,
    }
}

impl PresenceConnection {
    /// The people of a roll that was asked for from `span` on.
    pub(crate) fn joined<K>(joined: &JoinedPresence, span: &rondo_domain::lists::Span<K>) -> Self {
        let page = rondo_domain::page::Page { items: joined.people.clone(), next: joined.next };
        let cursor = |(user, present): &(Person, Standing)| rondo_wire::encode_roll(&(present.since, user.id));
        Self::of(&page, span, cursor, joined.count, joined.count)
    }
}
