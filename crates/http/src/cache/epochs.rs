//! Epochs: each write of a person, and each that changes what they may do, begins a new one for them. What was read in an
//! earlier epoch is out of date.
//!
//! People share a fixed number of places, so nothing here grows; that somebody else's write now and then ends one's own
//! epoch costs a read.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rondo_domain::ids::UserId;
use tokio::time::Instant;

/// How many places there are.
const PLACES: usize = 1 << 14;
/// The low half of a place is when its epoch began, in milliseconds; the high half counts.
const COUNT_ONE: u64 = 1 << 32;

/// An epoch of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch(u64);

pub(super) struct Epochs {
    places: Box<[AtomicU64]>,
    start: Instant,
}

impl Epochs {
    pub(super) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(), start: Instant::now() }
    }

    /// The person's epoch at this moment.
    pub(super) fn of(&self, user: UserId) -> Epoch {
        Epoch(self.place(user).load(Ordering::Acquire))
    }

    /// Begins a new epoch for each of these people.
    pub(super) fn begin(&self, users: &[UserId]) {
        let now = self.now();
        for user in users {
            let next = |epoch: u64| Some((epoch & !(COUNT_ONE - 1)).wrapping_add(COUNT_ONE) | u64::from(now));
            let _previous = self.place(*user).fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
        }
    }

    /// Whether the person's epoch began not longer than `youth` ago.
    pub(super) fn is_young(&self, user: UserId, youth: Duration) -> bool {
        let Epoch(epoch) = self.of(user);
        let began = u32::try_from(epoch & (COUNT_ONE - 1)).unwrap_or(0);
        epoch != 0 && u128::from(self.now().wrapping_sub(began)) <= youth.as_millis()
    }

    /// Milliseconds since the start; they begin anew after 49 days, which at most makes an epoch look young.
    fn now(&self) -> u32 {
        u32::try_from(self.start.elapsed().as_millis() & u128::from(u32::MAX)).unwrap_or(0)
    }

    fn place(&self, user: UserId) -> &AtomicU64 {
        // The last bytes of a UUIDv7 are random.
        let [.., high, low] = user.0.into_bytes();
        &self.places[usize::from(u16::from_be_bytes([high, low])) % PLACES]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_begins_an_epoch_for_its_people_alone() {
        let epochs = Epochs::new();
        let (ada, grace) = (UserId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
        let before = (epochs.of(ada), epochs.of(grace));
        assert!(!epochs.is_young(ada, Duration::from_mins(1)));

        epochs.begin(&[ada]);

        assert_ne!(epochs.of(ada), before.0);
        assert_eq!(epochs.of(grace), before.1);
        assert!(epochs.is_young(ada, Duration::from_mins(1)));
        let first = epochs.of(ada);
        epochs.begin(&[ada, ada]);
        assert_ne!(epochs.of(ada), first, "in the same millisecond too");
    }
}
