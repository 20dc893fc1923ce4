//! The sequence numbers that were seen, so that repeats and losses can be counted.

use std::collections::HashSet;

/// A set that remembers how often it was offered what it had.
#[derive(Debug, Default)]
pub(crate) struct SeqSet {
    seen: HashSet<u64>,
    repeats: u64,
}

impl SeqSet {
    pub(crate) fn insert(&mut self, seq: u64) {
        if !self.seen.insert(seq) {
            self.repeats += 1;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn repeats(&self) -> u64 {
        self.repeats
    }

    /// How many of these the other set lacks, or that lie past `last`.
    pub(crate) fn missing_from(&self, other: &Self) -> usize {
        self.seen.difference(&other.seen).count()
    }

    pub(crate) fn beyond(&self, last: u64) -> usize {
        self.seen.iter().filter(|seq| **seq > last).count()
    }
}

#[cfg(test)]
mod tests {
    use super::SeqSet;

    #[test]
    fn repeats_and_losses_are_counted() {
        let (mut acked, mut heard) = (SeqSet::default(), SeqSet::default());
        for seq in [1, 2, 2, 3] {
            acked.insert(seq);
        }
        heard.insert(1);
        assert_eq!((acked.len(), acked.repeats()), (3, 1));
        assert_eq!((acked.missing_from(&heard), acked.beyond(2)), (2, 1));
    }
}
