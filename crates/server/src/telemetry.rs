//! The log: lines on standard error for people or machines, and panics among them.
//!
//! Owns form and filter; what is worth a line, and that it holds no secret, is up to who logs it.

mod json;
mod level;
mod lines;
mod otel;
mod plain;
mod reports;
mod sentry;
mod watch;

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    cell::RefCell,
    env, fmt,
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};
use thiserror::Error;
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{MakeWriter, format::Writer, time::FormatTime},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    reload,
    util::{SubscriberInitExt as _, TryInitError},
};

pub(crate) use self::level::running as running_level;
use self::{
    json::Json,
    level::RunningLevel,
    lines::{Closing, Lines},
    plain::Plain,
    watch::Watch,
};
use crate::config::{LogFormat, LogSettings, TrackingSettings};

/// How long a panic waits for its line to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The log of the process, for as long as this lives; then what is left of it is written.
#[must_use = "without it, the last lines are lost"]
pub struct Log {
    /// Before the lines: their last deliveries may be worth one.
    _reports: Vec<reports::Closing>,
    _lines: Option<Closing>,
}

/// Why the log did not start.
#[derive(Debug, Error)]
pub enum LogError {
    /// The process has one already.
    #[error(transparent)]
    Started(#[from] TryInitError),
    /// Traces or errors cannot be sent.
    #[error("{0} cannot be sent: {1}")]
    Reports(&'static str, String),
}

/// Starts the log of the process, and what reports traces and errors elsewhere, and has panics told. Call it once, from the
/// binary: tests want panics in full.
///
/// # Errors
/// When the process already has a log, or reports have no way out; the panic hook then stays as it was.
pub fn init(settings: &LogSettings, tracking: &TrackingSettings) -> Result<Log, LogError> {
    let (watch, reports) = Watch::start(tracking)?;
    if settings.format == LogFormat::Pretty && io::stderr().is_terminal() {
        let (subscriber, level) = subscriber(settings, watch, io::stderr, has_colours()); // somebody is looking
        subscriber.try_init()?;
        level.begin();
        panic::set_hook(Box::new(log_panic));
        return Ok(Log { _reports: reports, _lines: None });
    }
    let (lines, closing) = Lines::start(io::stderr(), tell_lost);
    let (subscriber, level) = subscriber(settings, watch, lines.clone(), false);
    subscriber.try_init()?;
    level.begin();
    panic::set_hook(Box::new(move |info| {
        log_panic(info);
        lines.flush(LAST_WORDS);
    }));
    Ok(Log { _reports: reports, _lines: Some(closing) })
}

/// How many lines of the log were lost.
static LOST: AtomicU64 = AtomicU64::new(0);

/// How many lines of the log found no room since the process began.
pub(crate) fn lost_lines() -> u64 {
    LOST.load(Ordering::Relaxed)
}

fn tell_lost(lines: u64) {
    LOST.fetch_add(lines, Ordering::Relaxed);
    tracing::warn!(lost_lines = lines, "lines of the log were lost: they came faster than they could be written");
}

/// Lines, what else watches, and what changes the filter of the lines. Without a watch that filter is everybody's: what
/// it leaves out is never made.
fn subscriber<W>(settings: &LogSettings, watch: Watch, writer: W, colours: bool) -> (Dispatch, RunningLevel)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(EnvFilter::new(&settings.filter));
    let level = RunningLevel::new(handle, &settings.filter);
    let dispatch = if watch.is_none() {
        tracing_subscriber::registry().with(filter).with(lines(settings.format, writer, colours)).into()
    } else {
        let lines = lines(settings.format, writer, colours).with_filter(filter);
        tracing_subscriber::registry().with(lines).with(watch.layers()).into()
    };
    (dispatch, level)
}

fn lines<S, W>(format: LogFormat, writer: W, colours: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_timer(Milliseconds).with_writer(writer);
    match format {
        LogFormat::Pretty if colours => Box::new(lines.with_ansi(true).compact()),
        LogFormat::Pretty => Box::new(lines.with_ansi(false).event_format(Plain::new(Milliseconds))),
        LogFormat::Json => Box::new(lines.with_ansi(false).event_format(Json(Milliseconds))),
    }
}

/// Colours stand on a terminal only, and not where `NO_COLOR` asks for none.
fn has_colours() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// RFC 3339 in UTC with whole milliseconds.
#[derive(Clone, Copy)]
struct Milliseconds;

thread_local! {
    /// The second that was written last, and its text: most lines are of the same one as the line before.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

impl FormatTime for Milliseconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = SystemTime::now();
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        SECOND.with_borrow_mut(|(second, text)| {
            if *second != since.as_secs() {
                *second = since.as_secs();
                let whole = DateTime::<Utc>::from(SystemTime::UNIX_EPOCH + Duration::from_secs(*second));
                *text = whole.format("%Y-%m-%dT%H:%M:%S").to_string();
            }
            write!(writer, "{text}.{:03}Z", since.subsec_millis())
        })
    }
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let backtrace = Backtrace::capture();
    tracing::error!(
        panic.message = fixed_words(info.payload()),
        panic.location = info.location().map(tracing::field::display),
        panic.thread = thread.name(),
        panic.backtrace =
            (backtrace.status() == BacktraceStatus::Captured).then(|| tracing::field::display(&backtrace)),
        "panicked"
    );
}

/// A panic's message where it is a literal of the source. A composed one may hold whatever went wrong, so it stays out.
fn fixed_words(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("(composed message withheld)")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use serde_json::{Value, json};

    use super::{Watch, fixed_words, subscriber};
    use crate::config::{LogFormat, LogSettings};

    /// Where lines are written.
    #[derive(Clone, Default)]
    pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        pub(super) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(format: LogFormat, filter: &str, events: impl FnOnce()) -> String {
        let paper = Paper::default();
        let settings = LogSettings { format, filter: filter.to_owned() };
        let writer = paper.clone();
        let (dispatch, _level) = subscriber(&settings, Watch::default(), move || writer.clone(), false);
        tracing::dispatcher::with_default(&dispatch, events);
        paper.text()
    }

    #[test]
    fn a_json_line_is_one_flat_object_with_utc_milliseconds() {
        let text = log(LogFormat::Json, "info", || tracing::info!(session.id = 7, "posted"));

        let line: Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line["message"], "posted");
        assert_eq!(line["session.id"], 7);
        assert_eq!(line["level"], "INFO");
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.len() == "2026-01-31T12:00:00.000Z".len() && time.ends_with('Z'), "{time}");
    }

    #[test]
    fn every_kind_of_field_is_json_whatever_it_holds() {
        let text = log(LogFormat::Json, "info", || {
            let error = io::Error::other("no \"way\"\n");
            tracing::info!(
                whole = -3_i64,
                part = 2.0,
                yes = true,
                text = "a \\ \" \u{1} \t ñ",
                error = &error as &dyn std::error::Error,
                shown = %"x\ny",
                none = Option::<u64>::None,
                "said \"{}\"",
                "so"
            );
        });
        let line: Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert_eq!((&line["whole"], &line["part"], &line["yes"]), (&json!(-3), &json!(2.0), &json!(true)));
        assert_eq!(line["text"], "a \\ \" \u{1} \t ñ");
        assert_eq!((&line["error"], &line["shown"]), (&json!("no \"way\"\n"), &json!("x\ny")));
        assert_eq!((&line["message"], line.get("none")), (&json!("said \"so\""), None));
        assert!(line["target"].as_str().unwrap().starts_with("rondo_server::telemetry"));
    }

    #[test]
    fn a_pretty_line_has_no_colours_off_a_terminal() {
        let text = log(LogFormat::Pretty, "info", || tracing::warn!("slow"));
        assert!(text.contains("WARN") && text.contains("slow") && !text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn the_filter_decides_what_is_logged() {
        let text = log(LogFormat::Pretty, "info", || tracing::debug!("hidden"));
        assert_eq!(text, "");
    }

    #[test]
    fn a_panic_tells_its_literal_message_and_withholds_a_composed_one() {
        assert_eq!(fixed_words(&"no room left"), "no room left");
        assert!(!fixed_words(&format!("token {}", 42)).contains("42"));
    }
}
