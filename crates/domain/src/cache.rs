//! The port to answers that nodes share for a moment. Speed and nothing else: every answer can be made anew from the
//! store, and nobody is shown one that is older than a few seconds.

use std::time::Duration;

use async_trait::async_trait;

use crate::ids::UserId;

/// The right to keep an answer: it was missing, and whoever holds this makes it. It ends when the viewer is forgotten,
/// so that nothing is kept that was out of date before it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose answer.
    pub viewer: UserId,
    /// Which of theirs.
    pub name: String,
    /// What tells this lease from every other.
    pub token: u64,
}

/// What is known of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there.
    Here {
        /// The answer.
        body: Vec<u8>,
        /// How long ago the making of it began.
        age: Duration,
    },
    /// It is not there, and may be kept once it is made.
    Missing(Lease),
    /// Nobody can tell.
    Away,
}

/// Answers that nodes share, each for its viewer alone. Whoever asks has looked at the viewer's rights before.
#[async_trait]
pub trait SharedAnswers: Send + Sync {
    /// Looks for an answer of the viewer whose making began at most `youth` ago. Fails fast: whoever cannot be asked is
    /// [`Found::Away`].
    async fn find(&self, viewer: UserId, name: &str, youth: Duration) -> Found;

    /// Keeps an answer for those who look for it, unless its viewer was forgotten since. Never waits, and may do nothing.
    fn keep(&self, lease: Lease, body: &[u8]);

    /// Forgets all that is kept for these viewers, soon. Never waits, and may do nothing.
    fn forget(&self, viewers: &[UserId]);
}
