//! Ticks at a fixed rate. tokio's timers count whole milliseconds and come up to one late, which at latencies of about a
//! millisecond would be half of what is measured; the kernel's come within microseconds.

use crate::Outcome;
use std::time::Duration;
use tokio::time::Instant;

/// Ticks at a moment, and from then on at a fixed rate.
pub(crate) struct Metronome(inner::Ticks);

impl Metronome {
    pub(crate) fn start(first: Instant, every: Duration) -> Outcome<Self> {
        Ok(Self(inner::Ticks::start(first, every)?))
    }

    /// Waits for the next tick; those that nobody waited for count as one.
    pub(crate) async fn tick(&mut self) -> Outcome<()> {
        self.0.tick().await
    }
}

#[cfg(target_os = "linux")]
mod inner {
    use super::{Duration, Instant, Outcome};
    use nix::{
        sys::{
            time::TimeSpec,
            timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
        },
        unistd::read,
    };
    use std::os::fd::OwnedFd;
    use tokio::io::unix::AsyncFd;

    pub(super) struct Ticks(AsyncFd<OwnedFd>);

    impl Ticks {
        pub(super) fn start(first: Instant, every: Duration) -> Outcome<Self> {
            let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
            // A delay of nothing would disarm it.
            let delay = first.saturating_duration_since(Instant::now()).max(Duration::from_micros(1));
            let ticks = Expiration::IntervalDelayed(TimeSpec::from(delay), TimeSpec::from(every));
            timer.set(ticks, TimerSetTimeFlags::empty())?;
            #[expect(
                deprecated,
                reason = "what takes its place is unsafe; the descriptor is owned, and stays the same"
            )]
            let timer = AsyncFd::new(OwnedFd::from(timer))?;
            Ok(Self(timer))
        }

        pub(super) async fn tick(&mut self) -> Outcome<()> {
            loop {
                let mut ready = self.0.readable().await?;
                let count = |timer: &AsyncFd<OwnedFd>| Ok(read(timer.get_ref(), &mut [0; 8])?);
                if let Ok(counted) = ready.try_io(count) {
                    counted?;
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod inner {
    use super::{Duration, Instant, Outcome};
    use tokio::time::{Interval, MissedTickBehavior, interval_at};

    pub(super) struct Ticks(Interval);

    impl Ticks {
        pub(super) fn start(first: Instant, every: Duration) -> Outcome<Self> {
            let mut ticks = interval_at(first, every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            Ok(Self(ticks))
        }

        pub(super) async fn tick(&mut self) -> Outcome<()> {
            self.0.tick().await;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ticks_come_when_they_are_due_and_not_before() -> Outcome<()> {
        let (first, every) = (Instant::now() + Duration::from_millis(3), Duration::from_millis(2));
        let mut metronome = Metronome::start(first, every)?;
        for due in (0..5).map(|count| first + every * count) {
            metronome.tick().await?;
            assert!(Instant::now() >= due, "ticks that were missed are not made up for");
        }
        Ok(())
    }
}
