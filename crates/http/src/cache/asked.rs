//! What is asked for, and by whom.

use rondo_domain::{ids::UserId, page::Limit};
use rondo_graphql::PlainKey;

/// An answer of which there is one for each viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    pub(crate) viewer: UserId,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    Me,
    Sessions { limit: usize },
    Notifications { unread: bool, limit: usize },
    GraphQl(PlainKey),
}

impl Asked {
    /// How the kinds of answers are called.
    pub(crate) const KINDS: [&str; 4] = ["me", "sessions", "notifications", "graphql"];

    /// The place of its kind among them.
    pub(crate) const fn kind(&self) -> usize {
        match self.what {
            What::Me => 0,
            What::Sessions { .. } => 1,
            What::Notifications { .. } => 2,
            What::GraphQl(_) => 3,
        }
    }

    /// Oneself.
    pub(crate) const fn me(viewer: UserId) -> Self {
        Self { viewer, what: What::Me }
    }

    /// The first page of one's sessions.
    pub(crate) const fn sessions(viewer: UserId, limit: Limit) -> Self {
        Self { viewer, what: What::Sessions { limit: limit.get() } }
    }

    /// The first page of one's notifications.
    pub(crate) const fn notifications(viewer: UserId, unread: bool, limit: Limit) -> Self {
        Self { viewer, what: What::Notifications { unread, limit: limit.get() } }
    }

    /// What a plain query of GraphQL gives.
    pub(crate) const fn graphql(viewer: UserId, key: PlainKey) -> Self {
        Self { viewer, what: What::GraphQl(key) }
    }

    /// What it is called among the viewer's in other nodes; `None` for what is kept in this one alone: of queries there
    /// are as many as clients think of. The number in front tells the answers of one release from those of another
    /// with other shapes.
    pub(crate) fn name(&self) -> Option<String> {
        let name = match self.what {
            What::Me => "1 me".to_owned(),
            What::Sessions { limit } => format!("1 sessions {limit}"),
            What::Notifications { unread, limit } => format!("1 notifications {unread} {limit}"),
            What::GraphQl(_) => return None,
        };
        Some(name)
    }
}
