//! Pages of lists: how many to give, and where the next page starts. Lists page by keyset, never by offset.

use crate::{
    clock::Timestamp,
    ids::{SessionId, UserId},
    invalid::Reason,
};

/// How many items a page may hold: 1 to 100, 20 when not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit(u16);

impl Limit {
    /// Holds a wish against the bounds 1..=100.
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn parse(wish: i64) -> Result<Self, Reason> {
        Self::within(wish, 100)
    }

    /// As [`Limit::parse`] for the event log, whose pages hold up to 500.
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn parse_events(wish: i64) -> Result<Self, Reason> {
        Self::within(wish, 500)
    }

    fn within(wish: i64, max: u16) -> Result<Self, Reason> {
        match u16::try_from(wish) {
            Ok(wish) if (1..=max).contains(&wish) => Ok(Self(wish)),
            _ => Err(Reason::new("out_of_range", format!("must be a whole number from 1 to {max}"))),
        }
    }

    /// The most that the event log gives at once.
    pub const EVENTS_MAX: Self = Self(500);
    /// What the event log gives when nothing was said.
    pub const EVENTS_DEFAULT: Self = Self(100);

    /// The most people that a join names.
    pub const PRESENCE: Self = Self(200);

    /// One more, to see whether a page is the last.
    #[must_use]
    pub const fn and_one(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

/// One page and the key at which the next one starts; `None` at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, K> {
    /// What was asked for.
    pub items: Vec<T>,
    /// Where to ask on from.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Cuts a page out of rows of which one more than `limit` was asked for.
    pub fn cut(mut rows: Vec<T>, limit: Limit, key: impl FnOnce(&T) -> K) -> Self {
        let more = rows.len() > limit.get();
        rows.truncate(limit.get());
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }
}

/// The key of a list of sessions, newest activity first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ActivityKey {
    /// When the last session of the page before was active.
    pub active_at: Timestamp,
    /// That session.
    pub id: SessionId,
}

/// The key of a list of members: by the time of their coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemberKey {
    /// When the last member of the page before came.
    pub joined_at: Timestamp,
    /// That member.
    pub user: UserId,
}

/// Which way a list of messages runs, and the `seq` that its page starts beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKey {
    /// Newest first, below this `seq`; from the end when `None`.
    Before(Option<i64>),
    /// Oldest first, above this `seq`.
    After(i64),
}
