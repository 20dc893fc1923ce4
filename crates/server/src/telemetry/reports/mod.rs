//! Reports on their way out: whoever makes one puts it into a bounded queue and goes on; a thread of their own delivers
//! them. A place that is away costs reports, which are counted, and nothing else.

mod courier;
#[cfg(test)]
mod tests;

use std::{
    io, mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc as thread_mpsc,
    },
    thread,
    time::Duration,
};

use hyper::body::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

pub(super) use self::courier::Courier;
use self::courier::Delivery;

/// How often a delivery is tried.
const TRIES: u32 = 3;
/// How long the second try waits; the third waits twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// How long is waited at most where the other side names a time.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often lost reports are warned of while the place is away.
const WARNING: Duration = Duration::from_mins(1);
/// How long the end may take: what was not delivered by then is lost.
const CLOSING: Duration = Duration::from_secs(3);

/// The bounds of a way out.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// What is reported, for the log.
    pub(super) what: &'static str,
    /// How many may wait; further ones are dropped.
    pub(super) room: usize,
    /// How many are delivered together.
    pub(super) together: usize,
    /// How long they are gathered.
    pub(super) gathering: Duration,
}

/// Where reports are put.
pub(super) struct Chute<T> {
    queue: mpsc::Sender<T>,
    lost: Arc<AtomicU64>,
}

impl<T> Chute<T> {
    /// A chute whose reports nobody delivers.
    #[cfg(test)]
    pub(super) fn held(room: usize) -> (Self, mpsc::Receiver<T>) {
        let (queue, taken) = mpsc::channel(room);
        (Self { queue, lost: Arc::default() }, taken)
    }

    /// Puts a report in, or counts it as lost. Never waits.
    pub(super) fn put(&self, report: T) {
        if self.queue.try_send(report).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The right to end a way out: dropping it delivers what is left, within [`CLOSING`].
pub(super) struct Closing {
    stop: CancellationToken,
    ended: thread_mpsc::Receiver<()>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.stop.cancel();
        let _too_late = self.ended.recv_timeout(CLOSING);
    }
}

/// Starts a way out. `pack` makes one delivery of many reports.
///
/// # Errors
/// When there is no thread for it.
pub(super) fn start<T: Send + 'static>(
    bounds: Bounds,
    courier: Courier,
    pack: impl Fn(&[T]) -> Vec<u8> + Send + 'static,
) -> io::Result<(Chute<T>, Closing)> {
    let (queue, waiting) = mpsc::channel(bounds.room);
    let lost = Arc::new(AtomicU64::new(0));
    let stop = CancellationToken::new();
    let (ending, ended) = thread_mpsc::channel();
    let carrier = Carrier {
        bounds,
        courier,
        pack,
        waiting,
        lost: Arc::clone(&lost),
        warned: None,
        away: false,
        stop: stop.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name(bounds.what.to_owned()).spawn(move || {
        runtime.block_on(carrier.run());
        runtime.shutdown_background();
        drop(ending);
    })?;
    Ok((Chute { queue, lost }, Closing { stop, ended }))
}

struct Carrier<T, P> {
    bounds: Bounds,
    courier: Courier,
    pack: P,
    waiting: mpsc::Receiver<T>,
    lost: Arc<AtomicU64>,
    /// When lost reports were last warned of.
    warned: Option<Instant>,
    /// Whether the last delivery failed.
    away: bool,
    stop: CancellationToken,
}

impl<T, P: Fn(&[T]) -> Vec<u8>> Carrier<T, P> {
    async fn run(mut self) {
        let mut reports = Vec::with_capacity(self.bounds.together);
        while self.gather(&mut reports).await {
            self.deliver(&reports).await;
            reports.clear();
            self.warn_of_lost(false);
        }
        self.warn_of_lost(true);
    }

    /// Takes what is to be delivered together; `false` when there is nothing more.
    async fn gather(&mut self, reports: &mut Vec<T>) -> bool {
        let together = self.bounds.together;
        tokio::select! {
            biased;
            count = self.waiting.recv_many(reports, together) => if count == 0 { return false },
            () = self.stop.cancelled() => return false,
        }
        let deadline = Instant::now() + self.bounds.gathering;
        while reports.len() < together {
            let more = together - reports.len();
            tokio::select! {
                biased;
                count = self.waiting.recv_many(reports, more) => if count == 0 { break },
                () = sleep_until(deadline) => break,
                () = self.stop.cancelled() => break,
            }
        }
        true
    }

    async fn deliver(&mut self, reports: &[T]) {
        let (package, what) = (Bytes::from((self.pack)(reports)), self.bounds.what);
        for tried in 1..=TRIES {
            match self.courier.deliver(package.clone()).await {
                Delivery::Taken => {
                    if mem::take(&mut self.away) {
                        tracing::info!(report = what, "reports are taken again");
                    }
                    return;
                }
                Delivery::Refused(status) => {
                    tracing::warn!(report = what, reports = reports.len(), %status, "reports were refused");
                    return;
                }
                Delivery::Later(wait, cause) => {
                    if !mem::replace(&mut self.away, true) {
                        tracing::warn!(report = what, error.cause = cause, "reports cannot be delivered");
                    }
                    if tried == TRIES || self.stop.is_cancelled() {
                        break;
                    }
                    let wait = wait.unwrap_or(PAUSE * tried).min(PATIENCE);
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = self.stop.cancelled() => {} // one last time
                    }
                }
            }
        }
        self.lost.fetch_add(u64::try_from(reports.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn warn_of_lost(&mut self, at_once: bool) {
        let lately = self.warned.is_some_and(|warned| warned.elapsed() < WARNING);
        if self.lost.load(Ordering::Relaxed) > 0 && (at_once || !lately) {
            let lost = self.lost.swap(0, Ordering::Relaxed);
            self.warned = Some(Instant::now());
            tracing::warn!(report = self.bounds.what, lost, "reports were lost");
        }
    }
}
