//! Who is present.

use async_graphql::SimpleObject;
use rondo_domain::{
    account::User as Person,
    presence::{JoinedPresence, Present as Standing},
};

use super::User;
use crate::{connection::connection, scalar::DateTime};

/// Somebody who is present.
#[derive(Clone, Debug, SimpleObject)]
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
