//! Names of traces and spans: drawn at random, and never nought.

use std::{
    cell::Cell,
    hash::{BuildHasher as _, RandomState},
    num::{NonZeroU64, NonZeroU128},
};

thread_local! {
    /// A keyed hash of a counter: as good as random, for names that are no secrets.
    static DICE: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
}

fn number() -> u64 {
    DICE.with(|(dice, drawn)| {
        drawn.set(drawn.get().wrapping_add(1));
        dice.hash_one(drawn.get())
    })
}

pub(crate) fn span() -> NonZeroU64 {
    NonZeroU64::new(number()).unwrap_or(NonZeroU64::MIN)
}

pub(crate) fn trace() -> NonZeroU128 {
    NonZeroU128::new((u128::from(number()) << 64) | u128::from(number())).unwrap_or(NonZeroU128::MIN)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, thread};

    #[test]
    fn no_name_comes_twice_on_whichever_thread() {
        let draw = || (0..1_000).map(|_| super::trace()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| thread::spawn(draw)).collect();
        let names: HashSet<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(names.len(), 4_000);
    }
}
