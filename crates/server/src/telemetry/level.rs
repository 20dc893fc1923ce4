//! What is logged, changed while the process runs, for good or for a time.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use rondo_http::LogLevel;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tracing_subscriber::{EnvFilter, Registry, reload::Handle};

use crate::config;

/// The log of this process, once it has begun.
static RUNNING: OnceLock<Arc<RunningLevel>> = OnceLock::new();

/// What this process logs, if it has a log of its own: not in tests.
pub(crate) fn running() -> Option<Arc<RunningLevel>> {
    RUNNING.get().cloned()
}

/// What a log that runs tells, and how that is changed.
pub(crate) struct RunningLevel {
    filter: Handle<EnvFilter, Registry>,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    now: String,
    /// What holds again, and when, if what holds now is for a time.
    after: Option<(String, Instant)>,
}

impl RunningLevel {
    pub(super) fn new(filter: Handle<EnvFilter, Registry>, directive: &str) -> Self {
        let state = State { now: directive.to_owned(), after: None };
        Self { filter, state: Mutex::new(state), changed: Notify::new() }
    }

    /// From now on it is the one that [`running`] gives.
    pub(super) fn begin(self) {
        let _the_first_stays = RUNNING.set(Arc::new(self));
    }

    /// Brings back what held before a change whose time is over. Never ends by itself.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        loop {
            let over = self.state().after.as_ref().map(|(_, at)| *at);
            match over {
                None => self.changed.notified().await,
                Some(at) => tokio::select! {
                    () = self.changed.notified() => {}
                    () = sleep_until(at) => self.come_back(),
                },
            }
        }
    }

    fn come_back(&self) {
        let mut state = self.state();
        if let Some((before, _)) = state.after.take_if(|(_, at)| *at <= Instant::now()) {
            match self.apply(&before) {
                Ok(()) => {
                    state.now = before;
                    tracing::warn!(log.filter = state.now, "what is logged is again what it was");
                }
                Err(why) => tracing::error!(error.cause = why, "what was logged before cannot be logged again"),
            }
        }
    }

    fn apply(&self, directive: &str) -> Result<(), String> {
        let filter = config::log_filter(directive)?;
        self.filter.reload(filter).map_err(|error| error.to_string())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogLevel for RunningLevel {
    fn current(&self) -> String {
        self.state().now.clone()
    }

    fn set(&self, directive: &str, lasting: Option<Duration>) -> Result<(), String> {
        let mut state = self.state();
        self.apply(directive)?;
        let before = state.after.take().map_or_else(|| state.now.clone(), |(before, _)| before);
        state.after = lasting.map(|lasting| (before, Instant::now() + lasting));
        directive.clone_into(&mut state.now);
        drop(state);
        self.changed.notify_one();
        let seconds = lasting.map(|lasting| lasting.as_secs());
        tracing::warn!(log.filter = directive, log.for_s = seconds, "what is logged was changed");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{layer::SubscriberExt as _, reload};

    use super::*;

    /// A log of nothing but its filter.
    fn level(directive: &str) -> (Arc<RunningLevel>, tracing::Dispatch) {
        let (filter, handle) = reload::Layer::new(EnvFilter::new(directive));
        let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(filter));
        (Arc::new(RunningLevel::new(handle, directive)), dispatch)
    }

    #[test]
    fn a_change_holds_at_once_and_a_wrong_one_changes_nothing() {
        let (level, dispatch) = level("info");
        let _listening = tracing::dispatcher::set_default(&dispatch);
        let debug = || tracing::enabled!(tracing::Level::DEBUG);
        assert!(!debug());
        level.set("info,rondo_server=debug", None).unwrap();
        assert!(debug());
        for wrong in ["inof", "info,rondo_http=loud", ""] {
            assert!(level.set(wrong, None).is_err(), "{wrong:?}");
        }
        assert_eq!(level.current(), "info,rondo_server=debug");
        level.set("warn", None).unwrap();
        assert!(!debug());
    }

    #[tokio::test(start_paused = true)]
    async fn what_held_before_a_change_for_a_time_holds_again_after_it() {
        let (level, _dispatch) = level("info");
        let keeper = tokio::spawn(Arc::clone(&level).keep_time());
        level.set("debug", Some(Duration::from_mins(1))).unwrap();
        level.set("trace", Some(Duration::from_mins(2))).unwrap();
        tokio::time::sleep(Duration::from_secs(119)).await;
        assert_eq!(level.current(), "trace");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(level.current(), "info", "not what another change for a time had set");
        level.set("debug", Some(Duration::from_mins(1))).unwrap();
        level.set("warn", None).unwrap();
        tokio::time::sleep(Duration::from_mins(2)).await;
        assert_eq!(level.current(), "warn", "a change for good ends one for a time");
        keeper.abort();
    }
}
