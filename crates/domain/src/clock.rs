//! Time as a port, so that tests can hold it still.

use chrono::{DateTime, SubsecRound, Utc};

/// A moment in UTC with whole milliseconds, as every surface shows it.
pub type Timestamp = DateTime<Utc>;

/// Where services read the time.
pub trait Clock: Send + Sync {
    /// The present moment, cut to whole milliseconds.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Utc::now().trunc_subsecs(3)
    }
}
