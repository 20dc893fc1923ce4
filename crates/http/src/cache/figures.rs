//! How often something was found.

use rondo_domain::measure::Counter;

use super::Asked;

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
    kinds: [Kind; Asked::KINDS.len()],
    pub(super) shared: Counter,
}

/// Requests for one kind of answer.
#[derive(Debug, Default)]
pub(super) struct Kind {
    pub(super) hits: Counter,
    pub(super) stale: Counter,
    pub(super) misses: Counter,
}

impl Counters {
    pub(super) const fn of(&self, asked: &Asked) -> &Kind {
        &self.kinds[asked.kind()]
    }

    pub(super) fn read(&self) -> AnswerFigures {
        let sum = |of: fn(&Kind) -> &Counter| self.kinds.iter().map(|kind| of(kind).get()).sum();
        AnswerFigures {
            hits: sum(|kind| &kind.hits),
            stale: sum(|kind| &kind.stale),
            misses: sum(|kind| &kind.misses),
            shared: self.shared.get(),
        }
    }

    /// Each kind of answer, what became of requests for it, and how often.
    pub(super) fn by_kind(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        Asked::KINDS.into_iter().zip(&self.kinds).flat_map(|(what, Kind { hits, stale, misses })| {
            [("hit", hits), ("stale", stale), ("miss", misses)].map(|(outcome, count)| (what, outcome, count.get()))
        })
    }
}
