//! The name of every key and channel: nothing in Redis is called otherwise than here.
//!
//! Each key has a time to live, or a node that owns it: what a dead node owned is swept by the others.

use std::{fmt::Display, sync::Arc};

use rondo_domain::ids::{NodeId, SessionId, UserId};

/// Names under one prefix. Servers with different prefixes share a Redis and nothing else.
#[derive(Clone, Debug)]
pub struct Keys {
    prefix: Arc<str>,
}

/// The keys of one session's presence. They live while somebody stands in them; each stay is owned by a node.
pub(crate) struct PresenceKeys {
    /// A hash of every stay and its person.
    pub(crate) stays: String,
    /// A hash of every person and their number of connections.
    pub(crate) people: String,
    /// The people by the time of their coming.
    pub(crate) order: String,
}

impl Keys {
    /// Names that begin with `prefix`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    /// What every name begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A part's own key. It must have a time to live.
    pub(crate) fn of(&self, part: &str, key: impl Display) -> String {
        format!("{}{part}:{key}", self.prefix)
    }

    /// The channel of what happens in a session.
    pub(crate) fn session_channel(&self, session: SessionId) -> String {
        format!("{}on:session:{session}", self.prefix)
    }

    /// The channel of what is for a person's connections.
    pub(crate) fn person_channel(&self, user: UserId) -> String {
        format!("{}on:person:{user}", self.prefix)
    }

    /// The channel that every node hears.
    pub(crate) fn nodes_channel(&self) -> String {
        format!("{}on:nodes", self.prefix)
    }

    /// What a session's presence keys begin with; scripts append the session and the suffixes of [`Keys::presence`].
    pub(crate) fn presence_base(&self) -> String {
        format!("{}presence:", self.prefix)
    }

    /// A session's presence.
    pub(crate) fn presence(&self, session: SessionId) -> PresenceKeys {
        let named = |suffix| format!("{}presence:{session}:{suffix}", self.prefix);
        PresenceKeys { stays: named("stays"), people: named("people"), order: named("order") }
    }

    /// The nodes that own stays; whoever sweeps one takes it out.
    pub(crate) fn nodes(&self) -> String {
        format!("{}nodes", self.prefix)
    }

    /// A node's lease. It ends by itself when the node no longer renews it.
    pub(crate) fn lease(&self, node: NodeId) -> String {
        format!("{}node:{node}:lease", self.prefix)
    }

    /// What stands before and behind the node in the keys of leases, for scripts.
    pub(crate) fn lease_affixes(&self) -> (String, &'static str) {
        (format!("{}node:", self.prefix), ":lease")
    }

    /// The stays that a node owns; swept together with them.
    pub(crate) fn held(&self, node: NodeId) -> String {
        format!("{}node:{node}:held", self.prefix)
    }

    /// Says that a node's stays were swept and announced. It ends by itself.
    pub(crate) fn swept(&self, node: NodeId) -> String {
        format!("{}node:{node}:swept", self.prefix)
    }
}
