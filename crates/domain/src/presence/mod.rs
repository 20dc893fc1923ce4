//! Presence: who is in a session's room at this moment, keyed by connection and counted by person.

mod service;

use async_trait::async_trait;
pub use service::{JoinedPresence, Presences};

use crate::{
    clock::Timestamp,
    ids::{SessionId, UserId},
    page::Limit,
    store::StoreError,
};

/// The name of a connection's stay in one session; a connection that joins again has another.
pub type ConnectionId = u64;

/// Somebody who is present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// Who.
    pub user: UserId,
    /// With how many connections.
    pub connections: usize,
    /// Since when: the first of them.
    pub since: Timestamp,
}

/// Those who are present, the longest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll {
    /// As many as were asked for.
    pub people: Vec<Present>,
    /// How many people there are.
    pub count: usize,
}

/// What a connection's coming changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The person as they are present now.
    pub present: Present,
    /// Whether it is their first connection.
    pub first: bool,
    /// How many people there are now.
    pub count: usize,
}

/// What a connection's going changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Whose it was.
    pub user: UserId,
    /// Whether it was their last connection.
    pub last: bool,
    /// How many people there are now.
    pub count: usize,
}

/// What a book finds out by itself: what became of the connections of a node that is gone, or was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// A person is there of whom the other nodes have not heard.
    Came {
        /// Where.
        session: SessionId,
        /// What their coming changed.
        entered: Entered,
    },
    /// A person is there no more.
    Went {
        /// Where.
        session: SessionId,
        /// What their going changed.
        gone: Gone,
    },
}

/// Where the next page of a roll starts: who came later than this one.
pub type RollKey = (Timestamp, UserId);

/// Where presence is kept.
#[async_trait]
pub trait PresenceBook: Send + Sync {
    /// A connection comes; without effect when it is there already.
    async fn enter(
        &self,
        session: SessionId,
        connection: ConnectionId,
        user: UserId,
        at: Timestamp,
    ) -> Result<Entered, StoreError>;

    /// A connection goes; `None` when it was not there.
    async fn exit(&self, session: SessionId, connection: ConnectionId) -> Result<Option<Gone>, StoreError>;

    /// Who is present, by the time of their coming, from after `key` on.
    async fn roll(&self, session: SessionId, after: Option<RollKey>, limit: Limit) -> Result<Roll, StoreError>;
}
