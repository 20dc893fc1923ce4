//! Tokens whose signatures were found good, so that the same one is not computed at every request.
//!
//! A token is known by the end of its signature, which nobody can make up, and by a hash of all of its text under a key
//! that is this process's own, so that nobody can put other claims before it. None of both is a token.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, Hasher, RandomState},
    sync::{Mutex, PoisonError},
};

use rondo_domain::{Timestamp, account::Actor};

/// How many shelves there are, so that threads seldom wait for each other.
const SHELVES: usize = 16;
/// How many tokens a shelf holds; a full one is cleared of those that ran out, or else of all.
const ROOM: usize = 1_024;

/// How much of a signature is kept: 192 of its 256 bits.
const END: usize = 32;

/// What a token is known by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Digest {
    text: u64,
    end: [u8; END],
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state); // keyed already
    }
}

/// The tokens that are known to be good.
pub(super) struct Verified {
    key: RandomState,
    shelves: [Mutex<HashMap<Digest, Actor>>; SHELVES],
}

impl Verified {
    pub(super) fn new() -> Self {
        Self { key: RandomState::new(), shelves: Default::default() }
    }

    /// What a token is known by; `None` for what is too short to be one.
    pub(super) fn digest(&self, token: &str) -> Option<Digest> {
        let end = *token.as_bytes().last_chunk()?;
        Some(Digest { text: self.key.hash_one(token), end })
    }

    /// Who a token speaks for, if it was found good. Whether it has run out is up to the caller.
    pub(super) fn find(&self, digest: Digest) -> Option<Actor> {
        self.shelf(digest).lock().unwrap_or_else(PoisonError::into_inner).get(&digest).copied()
    }

    /// Keeps that a token was found good.
    pub(super) fn keep(&self, digest: Digest, actor: Actor, now: Timestamp) {
        let mut known = self.shelf(digest).lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ROOM {
            known.retain(|_, actor| actor.expires_at > now);
        }
        if known.len() >= ROOM {
            known.clear();
        }
        known.insert(digest, actor);
    }

    fn shelf(&self, digest: Digest) -> &Mutex<HashMap<Digest, Actor>> {
        &self.shelves[usize::from(digest.text.to_be_bytes()[0]) % SHELVES]
    }
}

#[cfg(test)]
mod tests {
    use rondo_domain::ids::{LoginId, UserId};

    use super::*;

    fn actor(expires: i64) -> Actor {
        let expires_at = Timestamp::from_timestamp_millis(expires).unwrap();
        Actor { user: UserId::generate(), login: LoginId::generate(), expires_at }
    }

    #[test]
    fn a_token_is_known_by_all_of_its_text() {
        let (verified, ada) = (Verified::new(), actor(10));
        let signature = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
        let digest = |token: &str| verified.digest(token).unwrap();
        verified.keep(digest(&format!("a.b.{signature}")), ada, Timestamp::UNIX_EPOCH);
        let found = verified.find(digest(&format!("a.b.{signature}")));
        assert_eq!(found.map(|known| known.user), Some(ada.user));
        for other in [format!("a.c.{signature}"), format!("a.b.{signature} "), format!("b.b.{signature}")] {
            assert!(verified.find(digest(&other)).is_none(), "{other}");
        }
        assert!(verified.digest("a.b.c").is_none());
    }

    #[test]
    fn there_are_never_more_than_there_is_room_for() {
        let verified = Verified::new();
        let digest = |number: usize| verified.digest(&format!("{number:64}")).unwrap();
        for number in 0..(3 * SHELVES * ROOM) {
            verified.keep(digest(number), actor(10), Timestamp::UNIX_EPOCH);
        }
        assert!(verified.shelves.iter().all(|shelf| shelf.lock().unwrap().len() <= ROOM));
        assert!(verified.find(digest(3 * SHELVES * ROOM - 1)).is_some());
    }
}
