//! Waiting, never without end.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long a test waits for what should happen at once. Long, so that a busy machine fails no test.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often a condition is looked at that nothing announces.
const LOOK: Duration = Duration::from_millis(20);

/// What `work` gives, provided that it gives it within a quarter of a minute.
pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("{what} took longer than {PATIENCE:?}"))
}

/// Looks again and again until `condition` holds, for `patience` at most. For what is announced to nobody.
pub async fn eventually(what: &str, patience: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !condition().await {
        assert!(Instant::now() < deadline, "{what} did not come true within {patience:?}");
        sleep(LOOK).await;
    }
}
