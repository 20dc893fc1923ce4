//! What the parts below the surfaces count.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{Counter, Counters, Durations, Level, Sizes};
use crate::limits::{Key, Limits, Rule, Verdict};

/// What the parts of one node count, for whoever shows it. Clones read the same counts.
#[derive(Clone)]
pub struct NodeFigures {
    /// The way in for messages.
    pub writer: Arc<WriterFigures>,
    /// Passwords.
    pub hashing: Arc<HashingFigures>,
    /// What is past its use.
    pub retention: Arc<RetentionFigures>,
    /// The way to other nodes.
    pub bus: Arc<BusFigures>,
    /// Who was refused by which limit.
    pub refusals: Arc<Refusals>,
    /// Connections to the database.
    pub pools: Arc<dyn Pools>,
    /// How many lines of the log found no room.
    pub lost_lines: fn() -> u64,
}

impl Default for NodeFigures {
    fn default() -> Self {
        Self {
            writer: Arc::default(),
            hashing: Arc::default(),
            retention: Arc::default(),
            bus: Arc::default(),
            refusals: Arc::default(),
            pools: Arc::new(NoPools),
            lost_lines: || 0,
        }
    }
}

impl fmt::Debug for NodeFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeFigures").finish_non_exhaustive()
    }
}

/// The way in for messages.
#[derive(Debug, Default)]
pub struct WriterFigures {
    /// Posts that wait for their batch.
    pub waiting: Level,
    /// Posts that found the queue full.
    pub refused: Counter,
    /// Batches that were written at once, by what was remembered of those before.
    pub recalled: Counter,
    /// How many posts were committed together.
    pub batch: Sizes,
    /// How long a batch took, from its first statement to what became of its commit.
    pub commit: Durations,
}

/// Passwords.
#[derive(Debug, Default)]
pub struct HashingFigures {
    /// Who waits for a thread.
    pub waiting: Arc<Level>,
    /// Who has one.
    pub working: Arc<Level>,
    /// Who found the queue full, or waited for too long.
    pub refused: Counter,
    /// How long the work took, without the wait.
    pub work: Durations,
}

/// What a round of retention takes away or marks, in the order in which [`RetentionFigures::rows`] counts it.
pub const SWEPT: [&str; 7] =
    ["events", "sessions", "refresh_tokens", "logins", "idempotency_keys", "expired_invitations", "invitations"];

/// What is past its use.
#[derive(Debug, Default)]
pub struct RetentionFigures {
    /// When this node last went through all of it, in seconds of the Unix epoch; 0 where it never did.
    pub last_success: Level,
    /// Rounds that were cut short.
    pub failures: Counter,
    /// Rows, by [`SWEPT`].
    pub rows: [Counter; SWEPT.len()],
}

/// The way to other nodes.
#[derive(Debug, Default)]
pub struct BusFigures {
    /// Signals for which there was no room on their way out.
    pub dropped: Counter,
}

/// Connections of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolFigures {
    /// What it is for.
    pub pool: &'static str,
    /// Connections that somebody uses.
    pub in_use: u64,
    /// Connections that nobody uses.
    pub idle: u64,
    /// Who waits for one, where that is known.
    pub waiting: Option<u64>,
}

/// Where pools are asked how they stand.
pub trait Pools: Send + Sync {
    /// Each pool, once. Never waits.
    fn read(&self) -> Vec<PoolFigures>;
}

/// No pools at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPools;

impl Pools for NoPools {
    fn read(&self) -> Vec<PoolFigures> {
        Vec::new()
    }
}

/// How often each limit refused.
#[derive(Debug, Default)]
pub struct Refusals(Counters<{ Rule::ALL.len() }>);

impl Refusals {
    /// Each rule, and how often it refused.
    pub fn read(&self) -> impl Iterator<Item = (Rule, u64)> {
        Rule::ALL.into_iter().zip(self.0.get())
    }

    /// The same limits, with their refusals counted here.
    #[must_use]
    pub fn of(self: &Arc<Self>, limits: Arc<dyn Limits>) -> Arc<dyn Limits> {
        Arc::new(Counted { limits, refusals: Arc::clone(self) })
    }
}

struct Counted {
    limits: Arc<dyn Limits>,
    refusals: Arc<Refusals>,
}

#[async_trait]
impl Limits for Counted {
    fn keeps(&self, rule: Rule) -> bool {
        self.limits.keeps(rule)
    }

    async fn take(&self, rule: Rule, key: Key<'_>) -> Verdict {
        let verdict = self.limits.take(rule, key).await;
        if verdict.is_err() {
            self.refusals.0.one(rule as usize);
        }
        verdict
    }
}
