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
        let is_usual = self.write(&mut line, event);
        let outcome = if is_usual { writer.write_str(&line) } else { self.library.format_event(ctx, writer, event) };
        LINE.set(line);
        outcome
    }
}

impl<T: FormatTime> Plain<T> {
    /// Puts a line together; `false` if it is not of the usual kind.
    fn write(&self, line: &mut String, event: &Event<'_>) -> bool {
        let metadata = event.metadata();
        let has_time = self.timer.format_time(&mut Writer::new(line)).is_ok();
        line.push_str(match *metadata.level() {
            Level::ERROR => " ERROR ",
            Level::WARN => "  WARN ",
            Level::INFO => "  INFO ",
            Level::DEBUG => " DEBUG ",
            Level::TRACE => " TRACE ",
        });
        line.push_str(metadata.target());
        line.push(':');
        let mut fields = Fields { line, are_usual: has_time };
        event.record(&mut fields);
        let Fields { line, are_usual } = fields;
        line.push('\n');
        are_usual
    }
}

/// Writes fields behind each other.
struct Fields<'l> {
    line: &'l mut String,
    are_usual: bool,
}

impl Fields<'_> {
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        let name = field.name();
        self.line.push(' ');
        if name != MESSAGE {
            self.line.push_str(name);
            self.line.push('=');
        }
        let begin = self.line.len();
        let is_written = value(self.line).is_ok();
        self.are_usual &= is_written && !name.starts_with("log.") && !name.starts_with("r#");
        if name == MESSAGE {
            self.are_usual &= !self.line[begin..].chars().any(char::is_control);
        }
    }
}

/// The field that holds what is said.
const MESSAGE: &str = "message";

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_bare = field.name() == MESSAGE;
        self.field(field, |line| {
            if is_bare {
                return line.write_str(value);
            }
            let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
            if !is_plain {
                return write!(line, "{value:?}");
            }
            line.push('"');
            line.push_str(value);
            line.push('"');
            Ok(())
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |line| line.write_str(if value { "true" } else { "false" }));
    }

    fn record_error(&mut self, _: &Field, _: &(dyn Error + 'static)) {
        self.are_usual = false;
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field, |line| write!(line, "{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tracing::{Dispatch, field};
    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::{super::tests::Paper, *};

    /// It is always the same time.
    #[derive(Clone, Copy)]
    struct Noon;

    impl FormatTime for Noon {
        fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
            writer.write_str("2026-01-31T12:00:00.000Z")
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

        let (ours, theirs) = (ours.text(), theirs.text());
        assert_eq!(ours.lines().collect::<Vec<_>>(), theirs.lines().collect::<Vec<_>>());
        assert!(ours.lines().count() >= 12 && ours.contains("inside"), "{ours}");
    }
}
