//! The presence of a node that runs alone. A session in which nobody is takes no memory.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher as _, RandomState},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    ids::{SessionId, UserId},
    page::Limit,
    presence::{ConnectionId, Entered, Gone, PresenceBook, Present, Roll, RollKey},
    store::StoreError,
};

/// How many locks the sessions share.
const SHARDS: usize = 16;

type Rooms = HashMap<SessionId, Room>;

/// Presence within one process.
pub struct MemoryPresence {
    shards: [Mutex<Rooms>; SHARDS],
    hasher: RandomState,
}

impl Default for MemoryPresence {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }
    }
}

impl MemoryPresence {
    /// A book in which nobody stands.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// In how many sessions somebody is.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.shards.iter().map(|shard| held(shard).len()).sum()
    }

    fn rooms(&self, session: SessionId) -> MutexGuard<'_, Rooms> {
        let hash = usize::try_from(self.hasher.hash_one(session) % (SHARDS as u64)).unwrap_or(0);
        held(&self.shards[hash])
    }
}

/// Nothing under the locks can panic half-way.
fn held(shard: &Mutex<Rooms>) -> MutexGuard<'_, Rooms> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who is in one session.
#[derive(Default)]
struct Room {
    seats: HashMap<ConnectionId, UserId>,
    people: HashMap<UserId, Person>,
    /// The people again, in the order in which they are listed.
    order: BTreeSet<RollKey>,
}

#[derive(Clone, Copy)]
struct Person {
    connections: usize,
    /// When the first connection came. It stands for as long as the person has any.
    since: Timestamp,
}

impl Person {
    const fn present(self, user: UserId) -> Present {
        Present { user, connections: self.connections, since: self.since }
    }
}

impl Room {
    fn enter(&mut self, connection: ConnectionId, user: UserId, at: Timestamp) -> Entered {
        let there = self.seats.get(&connection).copied();
        let user = there.unwrap_or(user);
        let person = self.people.entry(user).or_insert(Person { connections: 0, since: at });
        let first = person.connections == 0;
        if there.is_none() {
            person.connections += 1;
            self.seats.insert(connection, user);
        }
        let present = person.present(user);
        if first {
            self.order.insert((present.since, user));
        }
        Entered { present, first, count: self.people.len() }
    }

    fn exit(&mut self, connection: ConnectionId) -> Option<Gone> {
        let user = self.seats.remove(&connection)?;
        let person = self.people.get_mut(&user)?;
        person.connections -= 1;
        let last = person.connections == 0;
        if last {
            self.order.remove(&(person.since, user));
            self.people.remove(&user);
        }
        Some(Gone { user, last, count: self.people.len() })
    }

    fn roll(&self, after: Option<RollKey>, limit: Limit) -> Roll {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let listed = self.order.range((from, Bound::Unbounded)).take(limit.get());
        let people = listed.filter_map(|(_, user)| Some(self.people.get(user)?.present(*user))).collect();
        Roll { people, count: self.people.len() }
    }
}

#[async_trait]
impl PresenceBook for MemoryPresence {
    async fn enter(
        &self,
        session: SessionId,
        connection: ConnectionId,
        user: UserId,
        at: Timestamp,
    ) -> Result<Entered, StoreError> {
        Ok(self.rooms(session).entry(session).or_default().enter(connection, user, at))
    }

    async fn exit(&self, session: SessionId, connection: ConnectionId) -> Result<Option<Gone>, StoreError> {
        let mut rooms = self.rooms(session);
        let Some(room) = rooms.get_mut(&session) else { return Ok(None) };
        let gone = room.exit(connection);
        if room.seats.is_empty() {
            rooms.remove(&session);
        }
        Ok(gone)
    }

    async fn roll(&self, session: SessionId, after: Option<RollKey>, limit: Limit) -> Result<Roll, StoreError> {
        Ok(self.rooms(session).get(&session).map(|room| room.roll(after, limit)).unwrap_or_default())
    }
}
