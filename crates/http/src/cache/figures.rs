//! How often something was found.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often something was found since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerFigures {
    /// Answers that were young enough to be given out as they were.
    pub hits: u64,
    /// Answers that were given out while newer ones were made.
    pub stale: u64,
    /// Requests that had to wait for an answer to be made.
    pub misses: u64,
    /// Answers that another node had made.
    pub shared: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: AtomicU64,
    pub(super) stale: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) shared: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> AnswerFigures {
        let Self { hits, stale, misses, shared } = self;
        let [hits, stale, misses, shared] = [hits, stale, misses, shared].map(|count| count.load(Ordering::Relaxed));
        AnswerFigures { hits, stale, misses, shared }
    }
}
