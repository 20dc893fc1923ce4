//! The stays of this node, each with what the other nodes know of it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rondo_domain::{Timestamp, ids::UserId};

use super::{Inner, shelf::Stay};

/// This node's stays.
#[derive(Default)]
pub(super) struct Stays(Mutex<HashMap<Stay, Kept>>);

struct Kept {
    user: UserId,
    since: Timestamp,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Whoever brought it is about to write it.
    Coming,
    /// It could not be written, and may be unknown to the other nodes.
    Unknown,
    /// It was written.
    Written,
    /// Whoever took it is about to remove it.
    Going,
    /// The same, but other nodes swept it, and said so.
    Swept,
}

/// A stay that Redis lacks.
pub(super) struct Missing {
    pub(super) stay: Stay,
    pub(super) user: UserId,
    pub(super) since: Timestamp,
    /// Whether the other nodes know of it nevertheless.
    pub(super) known: bool,
}

impl Stays {
    fn lock(&self) -> MutexGuard<'_, HashMap<Stay, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self, stay: Stay) -> Option<State> {
        self.lock().get(&stay).map(|kept| kept.state)
    }

    /// Moves a stay on if it is in one of these states.
    fn advance(&self, stay: Stay, from: &[State], to: State) -> bool {
        let mut stays = self.lock();
        let kept = stays.get_mut(&stay).filter(|kept| from.contains(&kept.state));
        kept.map(|kept| kept.state = to).is_some()
    }

    /// A stay was written again. `false` when it has ended since.
    pub(super) fn note_written(&self, stay: Stay) -> bool {
        self.advance(stay, &[State::Unknown, State::Written], State::Written)
    }

    /// This node was swept: the others know of none of its people.
    pub(super) fn note_swept(&self) {
        for kept in self.lock().values_mut() {
            kept.state = match kept.state {
                State::Written => State::Unknown,
                State::Going => State::Swept,
                state => state,
            };
        }
    }

    /// What is missing in Redis, and what stands there that has ended. Those who are coming or going are left to
    /// themselves.
    pub(super) fn compare(&self, held: &HashSet<Stay>) -> (Vec<Missing>, Vec<Stay>) {
        let mut stays = self.lock();
        let ended = held.iter().filter(|stay| !stays.contains_key(stay)).copied().collect();
        let mut missing = Vec::new();
        for (stay, kept) in stays.iter_mut() {
            if !matches!(kept.state, State::Unknown | State::Written) {
                continue;
            }
            if held.contains(stay) {
                kept.state = State::Written;
            } else {
                let Kept { user, since, state } = *kept;
                missing.push(Missing { stay: *stay, user, since, known: state == State::Written });
            }
        }
        (missing, ended)
    }
}

/// Somebody is coming, until this is dropped.
pub(super) struct Coming<'a> {
    book: &'a Inner,
    stay: Stay,
}

impl<'a> Coming<'a> {
    pub(super) fn begin(book: &'a Inner, stay: Stay, user: UserId, since: Timestamp) -> Self {
        book.stays.lock().entry(stay).or_insert(Kept { user, since, state: State::Coming });
        Self { book, stay }
    }

    /// Whether they have not gone meanwhile.
    pub(super) fn goes_on(&self) -> bool {
        self.book.stays.state(self.stay).is_some_and(|state| !matches!(state, State::Going | State::Swept))
    }

    /// Takes note that the stay was written. `false` when they have gone meanwhile.
    pub(super) fn is_written(&self) -> bool {
        let from = [State::Coming, State::Unknown, State::Written];
        self.book.stays.advance(self.stay, &from, State::Written)
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        if self.book.stays.advance(self.stay, &[State::Coming], State::Unknown) {
            self.book.lose_any(); // whoever compared before now left it to itself
        }
    }
}

/// Somebody is going; when this is dropped, they are gone.
pub(super) struct Going<'a> {
    book: &'a Inner,
    stay: Stay,
}

impl<'a> Going<'a> {
    /// `None` when they are not there.
    pub(super) fn begin(book: &'a Inner, stay: Stay) -> Option<Self> {
        let there = book.stays.advance(stay, &[State::Coming, State::Unknown, State::Written], State::Going);
        there.then_some(Self { book, stay })
    }

    /// Whether other nodes swept the stay, and said so.
    pub(super) fn was_swept(&self) -> bool {
        self.book.stays.state(self.stay) == Some(State::Swept)
    }

    /// It could not be removed: whoever compares next does it.
    pub(super) fn leave_to_the_keeper(self) {
        let book = self.book;
        drop(self);
        book.lose_any();
    }
}

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.book.stays.lock().remove(&self.stay);
    }
}
