//! How many bytes wait for a connection. The library bounds its queue by count alone; here it is bounded in bytes: what is
//! handed over is counted, and so is what leaves through the stream.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::hub::Full;

/// How many bytes may wait for one connection; beyond, the reader is too slow. A single packet may be larger.
pub(super) const MOST: u64 = 1024 * 1024;
/// How many may wait when something passing comes: the rest is for what lasts.
pub(super) const MOST_BEFORE_PASSING: u64 = MOST / 4;

/// What was handed over to a connection, and what left for it, in bytes since it began. What the library sends by itself
/// only leaves, so what waits is never taken for more than it is.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    handed: AtomicU64,
    left: AtomicU64,
    moved: Notify,
}

impl Backlog {
    /// Takes note of bytes that are handed over, unless too many wait already.
    pub(super) fn take(&self, bytes: usize, most: u64) -> Result<(), Full> {
        let bytes = bytes as u64;
        let left = self.left.load(Ordering::Relaxed);
        let add = |handed: u64| {
            let from = handed.max(left);
            (from == left || from - left + bytes <= most).then(|| from + bytes)
        };
        self.handed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).map(|_| ()).map_err(|_| Full)
    }

    /// Takes note of bytes that are handed over, however many wait.
    pub(super) fn hand(&self, bytes: usize) {
        let _always = self.take(bytes, u64::MAX);
    }

    /// How many bytes wait.
    pub(super) fn waiting(&self) -> u64 {
        let (handed, left) = (self.handed.load(Ordering::Relaxed), self.left.load(Ordering::Relaxed));
        handed.saturating_sub(left)
    }

    /// Waits until no more than `most` bytes wait.
    pub(super) async fn until(&self, most: u64) {
        loop {
            let moved = self.moved.notified();
            if self.waiting() <= most {
                return;
            }
            moved.await;
        }
    }

    /// The bytes were not handed over after all.
    pub(super) fn give_back(&self, bytes: usize) {
        self.handed.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// Takes note of bytes that left.
    pub(super) fn left(&self, bytes: usize) {
        self.left.fetch_add(bytes as u64, Ordering::Relaxed);
        self.moved.notify_waiters();
    }

    /// The connection is gone: nothing waits any more.
    pub(super) fn end(&self) {
        self.left.store(u64::MAX / 2, Ordering::Relaxed);
        self.moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_what_leaves_makes_room() {
        let backlog = Backlog::default();
        assert_eq!(backlog.take(600, 1_000), Ok(()));
        assert_eq!(backlog.take(600, 1_000), Err(Full));
        assert_eq!(backlog.take(400, 1_000), Ok(()));
        backlog.left(600);
        assert_eq!(backlog.take(600, 1_000), Ok(()));
        backlog.give_back(600);
        backlog.left(400);
        assert_eq!(backlog.take(5_000, 1_000), Ok(()), "a large packet goes alone");
        assert_eq!(backlog.take(1, 1_000), Err(Full));
    }

    #[tokio::test]
    async fn whoever_waits_for_room_goes_on_when_there_is_some_or_at_the_end() {
        let backlog = std::sync::Arc::new(Backlog::default());
        for leave in [|backlog: &Backlog| backlog.left(1_500), Backlog::end] {
            backlog.hand(2_000);
            let waiting = tokio::spawn({
                let backlog = std::sync::Arc::clone(&backlog);
                async move { backlog.until(500).await }
            });
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
            leave(&backlog);
            tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await.unwrap().unwrap();
        }
    }

    #[test]
    fn what_leaves_unannounced_frees_no_room_for_later() {
        let backlog = Backlog::default();
        backlog.left(10_000);
        assert_eq!(backlog.take(1_000, 1_000), Ok(()));
        assert_eq!(backlog.take(1, 1_000), Err(Full));
    }
}
