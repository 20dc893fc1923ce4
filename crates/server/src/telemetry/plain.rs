//! A line of text per event, as the library's compact format writes it without colours. Nearly all lines are of one kind,
//! outside of any span and about words and numbers: those are put together here, in a fraction of the time. All others are
//! left to the library.

use std::{
    cell::Cell,
    error::Error,
    fmt::{self, Write as _},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Compact, Format, Writer},
        time::FormatTime,
    },
    registry::LookupSpan,
};

/// Writes events with this timer.
pub(super) struct Plain<T> {
    timer: T,
    library: Format<Compact, T>,
}

impl<T: FormatTime + Copy> Plain<T> {
    pub(super) fn new(timer: T) -> Self {
        Self { timer, library: Format::default().compact().with_timer(timer).with_ansi(false) }
    }
}

thread_local! {
    /// Where a line is put together: most threads write many.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

impl<S, N, T> FormatEvent<S, N> for Plain<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if event.is_root() || event.parent().is_some() || ctx.lookup_current().is_some() {
            return self.library.format_event(ctx, writer, event);
        }
        let mut line = LINE.take();
        line.clear();
        let outcome = match self.write(&mut line, event)? {
            Usual::Yes => writer.write_str(&line),
            Usual::No => self.library.format_event(ctx, writer, event),
        };
        LINE.set(line);
        outcome
    }
}

/// Whether a line is of the usual kind.
enum Usual {
    Yes,
    No,
}

impl<T: FormatTime> Plain<T> {
    fn write(&self, line: &mut String, event: &Event<'_>) -> Result<Usual, fmt::Error> {
        let metadata = event.metadata();
        self.timer.format_time(&mut Writer::new(line))?;
        line.push_str(match *metadata.level() {
            Level::ERROR => " ERROR ",
            Level::WARN => "  WARN ",
            Level::INFO => "  INFO ",
            Level::DEBUG => " DEBUG ",
            Level::TRACE => " TRACE ",
        });
        line.push_str(metadata.target());
        line.push(':');
        let mut fields = Fields { line, outcome: Ok(Usual::Yes) };
        event.record(&mut fields);
        let outcome = fields.outcome?;
        line.push('\n');
        Ok(outcome)
    }
}

/// Writes fields behind each other.
struct Fields<'l> {
    line: &'l mut String,
    outcome: Result<Usual, fmt::Error>,
}

impl Fields<'_> {
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        let name = field.name();
        if name.starts_with("log.") || name.starts_with("r#") {
            return self.is_unusual();
        }
        self.line.push(' ');
        if name == MESSAGE {
            let begin = self.line.len();
            self.note(value);
            if self.line[begin..].chars().any(char::is_control) {
                self.is_unusual();
            }
            return;
        }
        self.line.push_str(name);
        self.line.push('=');
        self.note(value);
    }

    fn note(&mut self, value: impl FnOnce(&mut String) -> fmt::Result) {
        if let Err(error) = value(self.line) {
            self.outcome = Err(error);
        }
    }

    fn is_unusual(&mut self) {
        if self.outcome.is_ok() {
            self.outcome = Ok(Usual::No);
        }
    }
}

/// The field that holds what is said.
const MESSAGE: &str = "message";

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_bare = field.name() == MESSAGE;
        self.field(field, |line| {
            let quotes = if is_bare { "" } else { "\"" };
            let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
            if !is_bare && !is_plain {
                return write!(line, "{value:?}");
            }
            line.push_str(quotes);
            line.push_str(value);
            line.push_str(quotes);
            Ok(())
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |line| line.write_str(if value { "true" } else { "false" }));
    }

    fn record_error(&mut self, _: &Field, _: &(dyn Error + 'static)) {
        self.is_unusual();
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field, |line| write!(line, "{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use tracing::{Dispatch, field};
    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::*;

    /// It is always the same time.
    #[derive(Clone, Copy)]
    struct Noon;

    impl FormatTime for Noon {
        fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
            writer.write_str("2026-01-31T12:00:00.000Z")
        }
    }

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn events() {
        let error = io::Error::other(io::Error::other("the \"source\""));
        tracing::info!(http.method = "GET", http.status = 200_u16, duration_ms = 1.5, queries = 3_u64, "request");
        tracing::warn!(
            whole = -3_i64,
            wide = u128::MAX,
            yes = true,
            no = false,
            part = 2.0,
            none = Option::<u64>::None
        );
        tracing::error!(text = "a \\ \" \u{1} \t ñ 🎈", shown = %"x\ny", seen = ?Some("z"), "said \"{}\"", "so");
        tracing::debug!(error = &error as &dyn Error, "with an \u{1b}[31mescape\u{1b}[0m");
        tracing::trace!(r#type = "raw", "{}", "ñ\u{85}");
        tracing::info!(log.lost_lines = 7, "lines");
        tracing::info!(user.id = field::display("u"), error.cause = Option::<&str>::None);
        tracing::info!(target: "elsewhere", message = "a message of its own", first = 1);
        tracing::info!("");
        let span = tracing::info_span!("around", id = 7);
        tracing::info!(parent: &span, "inside");
        tracing::info!(parent: None, "outside");
        span.in_scope(|| tracing::info!(n = 1, "within"));
    }

    #[test]
    fn lines_are_as_the_library_writes_them() {
        let (ours, theirs) = (Paper::default(), Paper::default());
        let layer = tracing_subscriber::fmt::layer().with_ansi(false);
        let (writer, other) = (ours.clone(), theirs.clone());
        let plain = layer.event_format(Plain::new(Noon)).with_writer(move || writer.clone());
        tracing::dispatcher::with_default(&Dispatch::new(Registry::default().with(plain)), events);
        let layer = tracing_subscriber::fmt::layer().with_ansi(false);
        let compact = layer.with_timer(Noon).compact().with_writer(move || other.clone());
        tracing::dispatcher::with_default(&Dispatch::new(Registry::default().with(compact)), events);

        let text = |paper: &Paper| String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let (ours, theirs) = (text(&ours), text(&theirs));
        assert_eq!(ours.lines().collect::<Vec<_>>(), theirs.lines().collect::<Vec<_>>());
        assert!(ours.lines().count() >= 12 && ours.contains("inside"), "{ours}");
    }
}
