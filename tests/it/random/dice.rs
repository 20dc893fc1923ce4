//! Chance that can be repeated.

use std::{env, time::SystemTime};

/// The variable that repeats a run.
const VARIABLE: &str = "RONDO_TEST_SEED";

/// A seeded generator (SplitMix64). Its seed is among the output of a test that fails.
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice with the seed of the environment, or a new one.
    pub(crate) fn roll() -> Self {
        let given = env::var(VARIABLE).ok().map(|seed| seed.parse().unwrap());
        let seed = given.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            u64::from(now.subsec_nanos()) ^ now.as_secs() << 20
        });
        println!("repeat with {VARIABLE}={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(count).unwrap()).unwrap()
    }

    /// One of these.
    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// One of those that are so, if any is.
    pub(crate) fn one_where(&mut self, count: usize, is_so: impl Fn(usize) -> bool) -> Option<usize> {
        let so: Vec<_> = (0..count).filter(|number| is_so(*number)).collect();
        if so.is_empty() { None } else { Some(*self.one(&so)) }
    }
}
