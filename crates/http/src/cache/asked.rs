//! What is asked for, and by whom.

use rondo_domain::{ids::UserId, page::Limit};

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
}

impl Asked {
    /// How the kinds of answers are called.
    pub(crate) const KINDS: [&str; 3] = ["me", "sessions", "notifications"];

    /// The place of its kind among them.
    pub(crate) const fn kind(&self) -> usize {
        match self.what {
            What::Me => 0,
            What::Sessions { .. } => 1,
            What::Notifications { .. } => 2,
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

    /// What it is called among the viewer's. The number in front tells the answers of one release from those of another
    /// with other shapes.
    pub(crate) fn name(&self) -> String {
        match self.what {
            What::Me => "1 me".to_owned(),
            What::Sessions { limit } => format!("1 sessions {limit}"),
            What::Notifications { unread, limit } => format!("1 notifications {unread} {limit}"),
        }
    }
}
