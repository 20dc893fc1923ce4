//! What a node counts of its own work: plain atomics that stand where the work is done, and are read by whoever shows
//! them. Nothing here waits, allocates or grows; there is no registry, so a count costs one addition.
//!
//! [`NodeFigures`] names what the parts below the surfaces count; each surface keeps its own beside itself.

mod node;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use node::{
    BusFigures, HashingFigures, NoPools, NodeFigures, PoolFigures, Pools, Refusals, RetentionFigures, SWEPT,
    WriterFigures,
};

/// Something that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.more(1);
    }

    /// So many more.
    pub fn more(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters in a row, each for one of a fixed list of things.
#[derive(Debug)]
pub struct Counters<const N: usize>([Counter; N]);

impl<const N: usize> Default for Counters<N> {
    fn default() -> Self {
        Self([const { Counter(AtomicU64::new(0)) }; N])
    }
}

impl<const N: usize> Counters<N> {
    /// One more of the thing in this place; without effect where there is none.
    pub fn one(&self, place: usize) {
        if let Some(counter) = self.0.get(place) {
            counter.one();
        }
    }

    /// How many of each, by their places.
    pub fn get(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(Counter::get)
    }
}

/// Something that rises and falls.
#[derive(Debug, Default)]
pub struct Level(AtomicU64);

impl Level {
    /// It stands here now.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// One more, for as long as the guard lives.
    pub fn hold(self: &Arc<Self>) -> Held {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(Arc::clone(self))
    }

    /// Where it stands.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of those that a [`Level`] counts; dropped, it counts no more.
#[derive(Debug)]
#[must_use = "it counts for as long as it lives"]
pub struct Held(Arc<Level>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The upper bounds of buckets for durations, in nanoseconds: 100 µs to 10 s.
const DURATIONS: [u64; 15] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
];

/// The upper bounds of buckets for how many there were: powers of two up to what a batch holds.
const SIZES: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// How values are spread, in a fixed number of buckets.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    buckets: Counters<N>,
    beyond: Counter,
    sum: Counter,
}

/// How durations are spread, kept in nanoseconds.
pub type Durations = Histogram<15>;

/// How sizes are spread.
pub type Sizes = Histogram<9>;

impl Default for Durations {
    fn default() -> Self {
        Self::new(&DURATIONS)
    }
}

impl Default for Sizes {
    fn default() -> Self {
        Self::new(&SIZES)
    }
}

impl Durations {
    /// Takes note of a duration.
    pub fn took(&self, duration: Duration) {
        self.each_took(duration, 1);
    }

    /// Takes note of so many things that took the same.
    pub fn each_took(&self, duration: Duration, count: u64) {
        self.add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), count);
    }
}

impl Sizes {
    /// Takes note of a size.
    pub fn was(&self, size: usize) {
        self.add(size as u64, 1);
    }
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: &'static [u64; N]) -> Self {
        Self { bounds, buckets: Counters::default(), beyond: Counter::default(), sum: Counter::default() }
    }

    fn add(&self, value: u64, count: u64) {
        let place = self.bounds.iter().position(|bound| value <= *bound);
        place.map_or(&self.beyond, |place| &self.buckets.0[place]).more(count);
        self.sum.more(value.saturating_mul(count));
    }

    /// What was noted so far. Each count is exact; together they may be of moments that lie a little apart.
    #[must_use]
    pub fn read(&self) -> Spread {
        let mut so_far = 0;
        let buckets = self.bounds.iter().zip(self.buckets.get()).map(|(bound, count)| {
            so_far += count;
            (*bound, so_far)
        });
        let buckets = buckets.collect();
        Spread { buckets, count: so_far + self.beyond.get(), sum: self.sum.get() }
    }
}

/// What a [`Histogram`] holds at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Upper bounds, and how many values lie up to each.
    pub buckets: Vec<(u64, u64)>,
    /// How many values there are.
    pub count: u64,
    /// What they add up to.
    pub sum: u64,
}

impl Spread {
    /// Adds what another histogram of the same bounds holds.
    pub fn join(&mut self, other: Self) {
        if self.buckets.is_empty() {
            *self = other;
            return;
        }
        for ((_, mine), (_, theirs)) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_lies_in_the_first_bucket_that_holds_it() {
        let durations = Durations::default();
        for micros in [0, 100, 101, 9_999_999, 10_000_001] {
            durations.took(Duration::from_micros(micros));
        }
        let spread = durations.read();
        assert_eq!(spread.buckets[0], (100_000, 2));
        assert_eq!(spread.buckets[1], (250_000, 3));
        assert_eq!(spread.buckets[14], (10_000_000_000, 4));
        assert_eq!((spread.count, spread.sum), (5, 20_000_201_000));
    }

    #[test]
    fn what_many_counted_adds_up() {
        let (one, other) = (Sizes::default(), Sizes::default());
        one.was(3);
        other.was(300);
        let mut sum = Spread::default();
        sum.join(one.read());
        sum.join(other.read());
        assert_eq!((sum.count, sum.sum, sum.buckets[2], sum.buckets[8]), (2, 303, (4, 1), (256, 1)));
    }

    #[test]
    fn who_is_held_counts_until_let_go() {
        let level = Arc::new(Level::default());
        let (one, other) = (level.hold(), level.hold());
        assert_eq!(level.get(), 2);
        drop((one, other));
        assert_eq!(level.get(), 0);
    }

    #[test]
    fn a_place_that_is_not_there_is_not_counted() {
        let counters = Counters::<2>::default();
        counters.one(1);
        counters.one(2);
        assert_eq!(counters.get().collect::<Vec<_>>(), [0, 1]);
    }
}
