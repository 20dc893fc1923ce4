//! How long to wait before the next attempt to connect.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Waits that double up to a bound, each shortened by up to a half at random, so that nodes do not come back in step.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// The attempt was good: the next wait is a short one.
    pub(crate) const fn reset(&mut self) {
        self.next = FIRST;
    }

    /// How long to wait now.
    pub(crate) fn wait(&mut self) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(LONGEST);
        // Each `RandomState` hashes in its own way.
        let random = u32::try_from(RandomState::new().hash_one(0_u8) % 1_000).unwrap_or(0);
        whole / 2 + whole / 2_000 * random
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_begin_anew() {
        let mut backoff = Backoff::new();
        for _ in 0..100 {
            let whole = backoff.next;
            let wait = backoff.wait();
            assert!(wait <= whole && wait >= whole / 2, "{wait:?} of {whole:?}");
        }
        assert_eq!(backoff.next, LONGEST);
        backoff.reset();
        assert!(backoff.wait() <= FIRST);
    }
}
