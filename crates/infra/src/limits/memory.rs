//! Counts within this process, in bounded memory: at most so many keys per rule, 16 bytes each, nothing of the key itself.
//!
//! Keys whose allowance has grown back whole are as good as unknown and are swept out as the table grows; when it is
//! full nevertheless, one of those that have taken least gives way, so no flood of new keys frees a heavy one.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use rondo_domain::{
    Clock, Timestamp,
    limits::{Allowance, Allowances, Key, Limits, Rule, Verdict, nanoseconds},
};

/// How many parts a table has, each under a lock of its own. A power of two.
const SHARDS: usize = 16;
/// How many keys a part holds; 65,536 per rule in all.
const SHARD_KEYS: usize = 4_096;
/// A part is not swept for fewer new keys than these.
const SMALL: usize = 64;
/// Among how many keys the one that gives way is looked for.
const SAMPLE: usize = 8;

/// Counts kept in this process.
pub struct MemoryLimits {
    tables: Vec<Option<Table>>,
    hasher: RandomState,
    clock: Arc<dyn Clock>,
}

impl MemoryLimits {
    /// Nothing is counted yet. Rules without an allowance are not kept.
    #[must_use]
    pub fn new(allowances: &Allowances, clock: Arc<dyn Clock>) -> Self {
        let tables = Rule::ALL.iter().map(|rule| allowances.of(*rule).map(Table::new)).collect();
        Self { tables, hasher: RandomState::new(), clock }
    }

    fn table(&self, rule: Rule) -> Option<&Table> {
        self.tables.get(rule as usize)?.as_ref()
    }
}

#[async_trait]
impl Limits for MemoryLimits {
    fn keeps(&self, rule: Rule) -> bool {
        self.table(rule).is_some()
    }

    async fn take(&self, rule: Rule, key: Key<'_>) -> Verdict {
        let Some(table) = self.table(rule) else { return Ok(None) };
        table.take(rule, self.hasher.hash_one(key), self.clock.now())
    }
}

/// The counts under one rule.
struct Table {
    allowance: Allowance,
    shards: [Mutex<Shard>; SHARDS],
}

impl Table {
    fn new(allowance: Allowance) -> Self {
        Self { allowance, shards: Default::default() }
    }

    fn take(&self, rule: Rule, key: u64, now: Timestamp) -> Verdict {
        let mut shard = self.shard(key);
        let mut due = shard.due.get(&key).copied().unwrap_or(0);
        let verdict = self.allowance.take(rule, &mut due, now);
        if verdict.is_ok() {
            shard.note(key, due, nanoseconds(now));
        }
        verdict
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        // The upper bits choose the part, the lower ones the place in it.
        let index = usize::try_from(key >> 32).unwrap_or(0) % SHARDS;
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts by the hash of their key. The hash is keyed anew at every start, so nobody can aim at another's place.
#[derive(Default)]
struct Shard {
    due: HashMap<u64, u64, BuildHasherDefault<Hashed>>,
    /// How many keys may still come before the next sweep: as many as the last one left, so that a sweep costs each of
    /// them one look.
    until_sweep: usize,
}

impl Shard {
    fn note(&mut self, key: u64, due: u64, now: u64) {
        if let Some(known) = self.due.get_mut(&key) {
            *known = due;
            return;
        }
        match self.until_sweep.checked_sub(1) {
            Some(left) => self.until_sweep = left,
            None => self.sweep(now),
        }
        if self.due.len() >= SHARD_KEYS {
            let lightest = self.due.iter().take(SAMPLE).min_by_key(|(_, due)| **due).map(|(key, _)| *key);
            self.due.remove(&lightest.unwrap_or(key));
        }
        self.due.insert(key, due);
    }

    fn sweep(&mut self, now: u64) {
        self.due.retain(|_, due| *due > now);
        self.due.shrink_to(2 * self.due.len());
        self.until_sweep = self.due.len().max(SMALL);
    }
}

/// Takes a hash for what it is.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use rondo_domain::{UserId, clock::SystemClock};

    use super::*;

    /// A clock that stands still until it is moved.
    struct StillClock(Mutex<Timestamp>);

    impl StillClock {
        fn new() -> Arc<Self> {
            Arc::new(Self(Mutex::new(SystemClock.now())))
        }

        fn advance(&self, by: Duration) {
            *self.0.lock().unwrap() += by;
        }
    }

    impl Clock for StillClock {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    fn allowance(limit: u32, seconds: u64) -> Allowance {
        Allowance::new(NonZeroU32::new(limit).unwrap(), Duration::from_secs(seconds))
    }

    fn limits(clock: &Arc<StillClock>) -> MemoryLimits {
        let allowances =
            Allowances::from_iter([(Rule::Message, allowance(3, 3)), (Rule::LoginByAccount, allowance(1, 60))]);
        MemoryLimits::new(&allowances, Arc::clone(clock) as Arc<dyn Clock>)
    }

    #[tokio::test]
    async fn a_burst_is_granted_the_next_one_waits_and_time_brings_it_back() {
        let clock = StillClock::new();
        let (limits, ada) = (limits(&clock), Key::Account(UserId::generate()));
        for remaining in [2, 1, 0] {
            let quota = limits.take(Rule::Message, ada).await.unwrap().unwrap();
            assert_eq!((quota.name, quota.limit, quota.remaining), ("messages", 3, remaining));
            assert_eq!(quota.reset_after, Duration::from_secs(u64::from(3 - remaining)));
        }
        let refused = limits.take(Rule::Message, ada).await.unwrap_err().0;
        assert_eq!((refused.remaining, refused.reset_after), (0, Duration::from_secs(1)));
        clock.advance(Duration::from_millis(999));
        assert_eq!(limits.take(Rule::Message, ada).await.unwrap_err().0.reset_after, Duration::from_millis(1));
        clock.advance(Duration::from_millis(1));
        assert!(limits.take(Rule::Message, ada).await.is_ok());
        assert!(limits.take(Rule::Message, ada).await.is_err());
    }

    #[tokio::test]
    async fn each_key_and_each_rule_counts_by_itself() {
        let limits = limits(&StillClock::new());
        let (ada, grace) = (Key::Email("ada@example.org"), Key::Email("grace@example.org"));
        assert!(limits.take(Rule::LoginByAccount, ada).await.is_ok());
        assert!(limits.take(Rule::LoginByAccount, ada).await.is_err());
        assert!(limits.take(Rule::LoginByAccount, grace).await.is_ok());
        assert!(limits.take(Rule::Message, ada).await.is_ok());
    }

    #[tokio::test]
    async fn a_rule_without_an_allowance_is_not_kept() {
        let limits = limits(&StillClock::new());
        assert!(limits.keeps(Rule::Message) && !limits.keeps(Rule::Door));
        for _ in 0..10_000 {
            assert_eq!(limits.take(Rule::Door, Key::Email("x")).await, Ok(None));
        }
    }

    #[test]
    fn a_table_never_holds_more_than_its_bound_and_keeps_the_heavy_ones() {
        let (table, now) = (Table::new(allowance(100, 100)), SystemClock.now());
        let heavy = RandomState::new();
        let heavy: Vec<_> = (0..50).map(|name| heavy.hash_one(name)).collect();
        for key in &heavy {
            for _ in 0..100 {
                table.take(Rule::Door, *key, now).unwrap();
            }
        }
        let crowd = RandomState::new();
        for name in 0..SHARDS * SHARD_KEYS * 2 {
            table.take(Rule::Door, crowd.hash_one(name), now).unwrap();
        }
        let held =
            |table: &Table| -> Vec<_> { table.shards.iter().map(|shard| shard.lock().unwrap().due.len()).collect() };
        assert!(held(&table).iter().all(|keys| *keys == SHARD_KEYS), "{:?}", held(&table));
        for key in &heavy {
            assert!(table.take(Rule::Door, *key, now).is_err());
        }
    }

    #[test]
    fn what_has_grown_back_is_swept_out() {
        let (table, now) = (Table::new(allowance(2, 2)), SystemClock.now());
        let crowd = RandomState::new();
        let keys = |seconds: u64| {
            let now = now + Duration::from_secs(seconds);
            for name in 0..1_000_u64 {
                table.take(Rule::Door, crowd.hash_one((seconds, name)), now).unwrap();
            }
            table.shards.iter().map(|shard| shard.lock().unwrap().due.len()).sum::<usize>()
        };
        let held: Vec<_> = (0..100).map(|round| keys(round * 10)).collect();
        assert!(held.iter().all(|keys| *keys <= 2_048 + 1_024), "{held:?}");
    }
}
