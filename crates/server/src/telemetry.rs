//! The log: lines on standard error for people or machines, and panics among them.
//!
//! Owns form and filter; what is worth a line, and that it holds no secret, is up to who logs it.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    env, fmt,
    io::{self, IsTerminal as _},
    panic::{self, PanicHookInfo},
    thread,
    time::SystemTime,
};

use chrono::{DateTime, SecondsFormat, Utc};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{MakeWriter, format::Writer, time::FormatTime},
    layer::{Layered, SubscriberExt as _},
    util::{SubscriberInitExt as _, TryInitError},
};

use crate::config::{LogFormat, LogSettings};

/// Starts the log of the process, and has panics told in it. Call it once, from the binary: tests want panics in full.
///
/// # Errors
/// When the process already has a log; the panic hook then stays as it was.
pub fn init(settings: &LogSettings) -> Result<(), TryInitError> {
    subscriber(settings, io::stderr, has_colours()).try_init()?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// What the lines stand on.
type Filtered = Layered<EnvFilter, Registry>;

fn subscriber<W>(settings: &LogSettings, writer: W, colours: bool) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_timer(Milliseconds).with_writer(writer);
    let lines: Box<dyn Layer<Filtered> + Send + Sync> = match settings.format {
        LogFormat::Pretty => Box::new(lines.with_ansi(colours).compact()),
        LogFormat::Json => Box::new(lines.with_ansi(false).json().flatten_event(true).with_span_list(false)),
    };
    tracing_subscriber::registry().with(EnvFilter::new(&settings.filter)).with(lines)
}

/// Colours stand on a terminal only, and not where `NO_COLOR` asks for none.
fn has_colours() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// RFC 3339 in UTC with whole milliseconds.
struct Milliseconds;

impl FormatTime for Milliseconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = DateTime::<Utc>::from(SystemTime::now());
        writer.write_str(&now.to_rfc3339_opts(SecondsFormat::Millis, true))
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

    use serde_json::Value;

    use super::{fixed_words, subscriber};
    use crate::config::{LogFormat, LogSettings};

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        fn text(&self) -> String {
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
        tracing::subscriber::with_default(subscriber(&settings, move || writer.clone(), false), events);
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
