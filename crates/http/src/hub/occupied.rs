//! In which sessions somebody listens on this node, for whoever brings their signals: of most others no shard need hear.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

use rondo_domain::SessionId;

/// The rooms of one shard, as others may ask for them. A session is among them before whoever takes the first seat in it is
/// told so, and thus before they read where its log stands: what is passed over was committed earlier, and they read it.
#[derive(Default)]
pub(super) struct Occupied(RwLock<HashSet<SessionId>>);

impl Occupied {
    pub(super) fn contains(&self, session: SessionId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&session)
    }

    pub(super) fn insert(&self, session: SessionId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(session);
    }

    pub(super) fn remove(&self, session: SessionId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&session);
    }
}
