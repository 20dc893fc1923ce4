//! Effect once for requests: a key that a client gives, stored in the transaction of the write that it guards, with the
//! answer that was given.

mod once;

use std::sync::Arc;

pub use once::{Asked, Done, OnceError, Onces};

use crate::{ids::UserId, invalid::Reason};

/// How long a key is remembered.
pub const REMEMBERED_FOR: chrono::TimeDelta = chrono::TimeDelta::hours(24);

/// A client's name for one request: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads a key.
    ///
    /// # Errors
    /// `invalid_format`.
    pub fn parse(raw: &str) -> Result<Self, Reason> {
        let key = raw.trim();
        if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(key.to_owned()))
        } else {
            Err(Reason::new("invalid_format", "must have 1 to 255 visible ASCII characters"))
        }
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of what was asked: method, path and body.
pub type Fingerprint = [u8; 32];

/// An answer as it was given, to be given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The status.
    pub status: u16,
    /// The `Location`, if there was one.
    pub location: Option<String>,
    /// The JSON body; empty when there was none.
    pub body: String,
}

/// A remembered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// What was asked.
    pub fingerprint: Fingerprint,
    /// What was answered.
    pub answer: StoredAnswer,
}

/// Makes the answer of an outcome, inside the transaction, so that both are stored together.
pub type Render<T> = Arc<dyn Fn(&T) -> StoredAnswer + Send + Sync>;

/// What guards a write against being done twice.
#[derive(Clone)]
pub struct Guard<T> {
    /// Whose key it is.
    pub user: UserId,
    /// The key.
    pub key: IdempotencyKey,
    /// What is asked.
    pub fingerprint: Fingerprint,
    /// What will be answered.
    pub render: Render<T>,
}

impl<T> std::fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("user", &self.user).field("key", &self.key).finish_non_exhaustive()
    }
}

/// A guard with its answer: what a transaction stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memo {
    /// Whose key it is.
    pub user: UserId,
    /// The key.
    pub key: IdempotencyKey,
    /// What was asked.
    pub fingerprint: Fingerprint,
    /// What is answered.
    pub answer: StoredAnswer,
}

impl<T> Guard<T> {
    /// The memo of an outcome.
    pub fn memo(&self, outcome: &T) -> Memo {
        let Self { user, key, fingerprint, render } = self;
        Memo { user: *user, key: key.clone(), fingerprint: *fingerprint, answer: render(outcome) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        assert_eq!(IdempotencyKey::parse(" a-1 ").unwrap().as_str(), "a-1");
        for raw in ["", " ", "a b", "ñ", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(raw).unwrap_err().code, "invalid_format", "{raw}");
        }
    }
}
