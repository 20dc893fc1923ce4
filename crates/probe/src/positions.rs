//! What one listener heard of a room: each position once, in order, is how it should be.

use std::collections::BTreeSet;

/// Past a jump as wide as this, what was heard is no position of the room.
const WIDEST_JUMP: u64 = 1_000_000;

/// The positions that were heard since one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions {
    last: u64,
    missing: BTreeSet<u64>,
    repeats: u64,
    disorder: u64,
}

/// All listeners' losses and faults, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) repeats: u64,
    pub(crate) disorder: u64,
}

impl Positions {
    /// A listener that knows all up to this position.
    pub(crate) fn after(position: u64) -> Self {
        Self { last: position, ..Self::default() }
    }

    /// Whether it was new.
    pub(crate) fn hear(&mut self, position: u64) -> bool {
        let next = self.last + 1;
        if position == next {
            self.last = position;
        } else if position > next && position - next < WIDEST_JUMP {
            self.missing.extend(next..position);
            self.last = position;
        } else if self.missing.remove(&position) {
            self.disorder += 1;
        } else {
            self.repeats += 1;
            return false;
        }
        true
    }

    /// Against the last position that the room has.
    pub(crate) fn faults(&self, last: u64) -> Faults {
        let tail = last.saturating_sub(self.last);
        let holes = u64::try_from(self.missing.len()).unwrap_or(u64::MAX);
        Faults { lost: holes.saturating_add(tail), repeats: self.repeats, disorder: self.disorder }
    }
}

impl Faults {
    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.repeats += other.repeats;
        self.disorder += other.disorder;
    }

    pub(crate) fn any(&self) -> bool {
        *self != Self::default()
    }
}

impl std::fmt::Display for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lost, {} repeated, {} out of order", self.lost, self.repeats, self.disorder)
    }
}

#[cfg(test)]
mod tests {
    use super::{Faults, Positions};

    fn heard(after: u64, positions: &[u64]) -> Positions {
        let mut heard = Positions::after(after);
        for position in positions {
            heard.hear(*position);
        }
        heard
    }

    #[test]
    fn each_once_and_in_order_is_no_fault() {
        let heard = heard(4, &[5, 6, 7]);
        assert!(!heard.faults(7).any());
    }

    #[test]
    fn losses_repeats_and_disorder_are_told_apart() {
        let faults = |lost, repeats, disorder| Faults { lost, repeats, disorder };
        assert_eq!(heard(0, &[1, 3]).faults(5), faults(3, 0, 0));
        assert_eq!(heard(0, &[1, 1, 2, 1]).faults(2), faults(0, 2, 0));
        assert_eq!(heard(0, &[2, 1, 3]).faults(3), faults(0, 0, 1));
        assert_eq!(heard(9, &[9]).faults(9), faults(0, 1, 0));
        assert_eq!(heard(0, &[u64::MAX]).faults(0), faults(0, 1, 0));
    }

    #[test]
    fn faults_add_up() {
        let mut sum = heard(0, &[2]).faults(2);
        sum.add(heard(0, &[1, 1]).faults(1));
        assert_eq!(sum.to_string(), "1 lost, 1 repeated, 0 out of order");
    }
}
