//! How many events one connection may send: a burst, and so many a second from then on.
//!
//! Who is refused is told when to come back; whoever comes back then finds a place. A connection that goes on sending
//! far beyond that is a flood.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rondo_domain::limits::Allowance;

/// How many bursts of events may be refused before it is a flood; refusals are forgotten as fast as events grow back.
const PATIENCE: u32 = 3;

/// One connection's events.
pub(crate) struct Bucket {
    allowance: Allowance,
    patience: Allowance,
    opened: Instant,
    counts: Mutex<Counts>,
}

/// Counts as [`Allowance::step`] has them.
#[derive(Default)]
struct Counts {
    granted: u64,
    refused: u64,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It may pass.
    Granted,
    /// It may come again after this time.
    Refused(Duration),
    /// The connection is to be ended.
    Flood,
}

impl Bucket {
    pub(crate) fn new(allowance: Allowance) -> Self {
        let patience = allowance.times(PATIENCE);
        Self { allowance, patience, opened: Instant::now(), counts: Mutex::default() }
    }

    /// Takes one event in.
    pub(crate) fn take(&self) -> Passage {
        self.take_at(u64::try_from(self.opened.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn take_at(&self, now: u64) -> Passage {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = match self.allowance.step(counts.granted, now) {
            Ok(granted) => {
                counts.granted = granted.due;
                return Passage::Granted;
            }
            Err(wait) => wait,
        };
        // Those who were refused before come back first: each is told a time of its own.
        let before = Duration::from_nanos(counts.refused.saturating_sub(now));
        match self.patience.step(counts.refused, now) {
            Ok(noted) => {
                counts.refused = noted.due;
                Passage::Refused(wait + before)
            }
            Err(_) => Passage::Flood,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const MILLISECOND: u64 = 1_000_000;

    /// Ten at once, and one every 100 ms.
    fn bucket() -> Bucket {
        Bucket::new(Allowance::new(NonZeroU32::new(10).unwrap(), Duration::from_secs(1)))
    }

    fn refused(milliseconds: u64) -> Passage {
        Passage::Refused(Duration::from_millis(milliseconds))
    }

    #[test]
    fn a_burst_passes_and_then_one_at_a_time() {
        let bucket = bucket();
        for _ in 0..10 {
            assert_eq!(bucket.take_at(0), Passage::Granted);
        }
        assert_eq!(bucket.take_at(0), refused(100));
        for step in 1..100 {
            assert_eq!(bucket.take_at(step * 100 * MILLISECOND), Passage::Granted);
        }
        assert_eq!(bucket.take_at(11_000 * MILLISECOND), Passage::Granted);
    }

    #[test]
    fn who_comes_back_when_told_finds_a_place() {
        let bucket = bucket();
        for _ in 0..10 {
            assert_eq!(bucket.take_at(0), Passage::Granted);
        }
        let told: Vec<_> = (0..10).map(|_| bucket.take_at(0)).collect();
        let expected: Vec<_> = (1..=10).map(|place| refused(place * 100)).collect();
        assert_eq!(told, expected);
        for place in 1..=10 {
            assert_eq!(bucket.take_at(place * 100 * MILLISECOND), Passage::Granted);
        }
    }

    #[test]
    fn a_flood_is_ended_and_impatience_is_not() {
        let bucket = bucket();
        let fate = |bucket: &Bucket, every: u64| {
            let sent = (0..10_000).find(|event| bucket.take_at(event * every * MILLISECOND) == Passage::Flood);
            sent.map(|event| event * every)
        };
        // Ten times too fast: 10 pass, then 30 and what is forgotten meanwhile are refused.
        let ended = fate(&bucket, 10).unwrap();
        assert!((400..=600).contains(&ended), "{ended}");
        assert_eq!(fate(&self::bucket(), 1).map(|ended| ended < 60), Some(true));
        // Half as fast again as allowed: every third is refused, for ever.
        assert_eq!(fate(&self::bucket(), 67), None);
        assert_eq!(fate(&self::bucket(), 100), None);
    }

    #[test]
    fn a_refused_burst_is_forgiven_in_time() {
        let bucket = bucket();
        for round in 0..20 {
            let now = round * 5_000 * MILLISECOND;
            let passed = (0..30).filter(|_| bucket.take_at(now) == Passage::Granted).count();
            assert_eq!(passed, 10, "{round}");
        }
    }
}
