//! Whether the server is away, so that who needs a connection is told at once instead of trying for themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// While the server is away, one of those who come tries to connect, once in so long. The others are told at once.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// What is known of the server. Clones know the same.
#[derive(Clone)]
pub(crate) struct Absence {
    begun: Instant,
    /// When somebody may try again, in milliseconds; 0 while the server is there.
    again: Arc<AtomicU64>,
}

impl Absence {
    pub(crate) fn none() -> Self {
        Self { begun: Instant::now(), again: Arc::default() }
    }

    /// Whether whoever asks may try to connect: while the server is away, one at a time.
    pub(super) fn may_try(&self) -> bool {
        let (again, now) = (self.again.load(Ordering::Relaxed), self.now());
        again == 0
            || now >= again
                && self
                    .again
                    .compare_exchange(again, now + to_ms(TRY_AGAIN), Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
    }

    /// Somebody could not connect.
    pub(super) fn begins(&self) {
        if self.again.swap(self.now() + to_ms(TRY_AGAIN), Ordering::Relaxed) == 0 {
            tracing::warn!("PostgreSQL is away: who needs it is told so at once");
        }
    }

    /// Somebody connected.
    pub(super) fn ends(&self) {
        if self.again.load(Ordering::Relaxed) != 0 && self.again.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!("PostgreSQL is back");
        }
    }

    /// Never 0, which stands for something else.
    fn now(&self) -> u64 {
        to_ms(self.begun.elapsed()).saturating_add(1)
    }
}

fn to_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn while_the_server_is_away_one_may_try_in_a_while() {
        let absence = Absence::none();
        assert!(absence.may_try() && absence.may_try());
        absence.begins();
        assert!(!absence.may_try());
        advance(TRY_AGAIN).await;
        assert!(absence.may_try());
        assert!(!absence.may_try(), "somebody is at it");
        absence.begins();
        absence.ends();
        assert!(absence.may_try() && absence.may_try());
    }
}
