//! A line of JSON per event: one flat object, without the spans around it.

use std::{
    error::Error,
    fmt::{self, Write as _},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer, time::FormatTime},
    registry::LookupSpan,
};

/// Writes events with this timer.
pub(super) struct Json<T>(pub(super) T);

impl<S, N, T> FormatEvent<S, N> for Json<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let metadata = event.metadata();
        writer.write_str("{\"timestamp\":\"")?;
        self.0.format_time(&mut writer)?;
        writer.write_str("\",\"level\":\"")?;
        writer.write_str(metadata.level().as_str())?;
        writer.write_char('"')?;
        let bridged = (metadata.target() == BRIDGED).then(String::new);
        let mut members = Members { writer: &mut writer, bridged, outcome: Ok(()) };
        event.record(&mut members);
        let Members { bridged, outcome, .. } = members;
        outcome?;
        writer.write_str(",\"target\":\"")?;
        escape(&mut writer, bridged.as_deref().unwrap_or(metadata.target()))?;
        writer.write_str("\"}\n")
    }
}

/// The target of what comes from libraries that use the `log` crate; where it truly comes from stands in a field.
const BRIDGED: &str = "log";

/// Writes fields as members of an object.
struct Members<'a, 'w> {
    writer: &'a mut Writer<'w>,
    /// Where a bridged event comes from, once that is known.
    bridged: Option<String>,
    outcome: fmt::Result,
}

impl Members<'_, '_> {
    fn member(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let is_origin = self.bridged.is_some() && field.name().starts_with("log.");
        if self.outcome.is_ok() && !is_origin {
            self.outcome = self.write(field, value);
        }
    }

    fn write(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) -> fmt::Result {
        self.writer.write_str(",\"")?;
        escape(self.writer, field.name())?;
        self.writer.write_str("\":")?;
        value(self.writer)
    }
}

impl Visit for Members<'_, '_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, |writer| match value {
            value if value.is_finite() => write!(writer, "{value:?}"), // with a point in any case
            _ => writer.write_str("null"),
        });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |writer| writer.write_str(if value { "true" } else { "false" }));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if let (Some(target), "log.target") = (&mut self.bridged, field.name()) {
            value.clone_into(target);
        }
        self.member(field, |writer| quoted(writer, |text| text.write_str(value)));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.member(field, |writer| quoted(writer, |text| write!(text, "{value}")));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field, |writer| quoted(writer, |text| write!(text, "{value:?}")));
    }
}

/// A string whose text `write` gives.
fn quoted(writer: &mut Writer<'_>, write: impl FnOnce(&mut Text<'_, '_>) -> fmt::Result) -> fmt::Result {
    writer.write_char('"')?;
    write(&mut Text(writer))?;
    writer.write_char('"')
}

/// The inside of a string.
struct Text<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Text<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text)
    }
}

/// Writes text as it stands in a JSON string (RFC 8259, 7).
fn escape(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        writer.write_str(&text[plain..at])?;
        match byte {
            b'"' => writer.write_str("\\\"")?,
            b'\\' => writer.write_str("\\\\")?,
            b'\n' => writer.write_str("\\n")?,
            b'\r' => writer.write_str("\\r")?,
            b'\t' => writer.write_str("\\t")?,
            control => write!(writer, "\\u{control:04x}")?,
        }
        plain = at + 1;
    }
    writer.write_str(&text[plain..])
}
