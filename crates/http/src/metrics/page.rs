//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write as _};

use rondo_domain::measure::Spread;

use super::catalogue::Family;

/// Its media type.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page in the making.
#[derive(Default)]
pub(super) struct Page(String);

/// What values of a histogram are divided by.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    /// They are nanoseconds, shown in seconds.
    Nanoseconds,
    /// They are shown as they are.
    One,
}

impl Page {
    /// The head of a family; its samples follow.
    pub(super) fn family(&mut self, family: &'static Family) -> Samples<'_> {
        let Family { name, kind, help, .. } = family;
        let _infallible = write!(self.0, "# HELP {name} ");
        escape(&mut self.0, help, false);
        let _infallible = writeln!(self.0, "\n# TYPE {name} {}", kind.name());
        Samples { page: self, family }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// The samples of one family.
pub(super) struct Samples<'a> {
    page: &'a mut Page,
    family: &'static Family,
}

impl Samples<'_> {
    /// The sample with these values of the family's labels.
    pub(super) fn value(&mut self, labels: &[&str], value: impl Display) -> &mut Self {
        self.sample("", labels, None, value);
        self
    }

    /// A histogram with these values of the family's labels.
    pub(super) fn spread(&mut self, labels: &[&str], spread: &Spread, unit: Unit) {
        for (bound, count) in &spread.buckets {
            self.sample("_bucket", labels, Some(&in_unit(*bound, unit)), count);
        }
        self.sample("_bucket", labels, Some("+Inf"), spread.count);
        self.sample("_sum", labels, None, in_unit(spread.sum, unit));
        self.sample("_count", labels, None, spread.count);
    }

    fn sample(&mut self, suffix: &str, labels: &[&str], bound: Option<&str>, value: impl Display) {
        let text = &mut self.page.0;
        text.push_str(self.family.name);
        text.push_str(suffix);
        let named = self.family.labels.iter().copied().zip(labels.iter().copied());
        let mut open = '{';
        for (name, value) in named.chain(bound.map(|bound| ("le", bound))) {
            let _infallible = write!(text, "{open}{name}=\"");
            escape(text, value, true);
            text.push('"');
            open = ',';
        }
        if open == ',' {
            text.push('}');
        }
        let _infallible = writeln!(text, " {value}");
    }
}

/// Whole thousandths of nanoseconds would be lost in a float; so the figure is written by hand.
fn in_unit(value: u64, unit: Unit) -> String {
    match unit {
        Unit::One => value.to_string(),
        Unit::Nanoseconds => {
            let text = format!("{}.{:09}", value / 1_000_000_000, value % 1_000_000_000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

fn escape(text: &mut String, value: &str, quotes: bool) {
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if quotes => text.push_str("\\\""),
            letter => text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rondo_domain::measure::Durations;

    use super::*;
    use crate::metrics::catalogue::{EVENT_TIME, REQUESTS};

    #[test]
    fn values_of_labels_are_escaped() {
        let mut page = Page::default();
        page.family(&REQUESTS).value(&["GET", "/a\"b\\c\nd", "200"], 7);
        let last = page.into_text().lines().last().unwrap().to_owned();
        assert_eq!(last, r#"rondo_http_requests_total{method="GET",route="/a\"b\\c\nd",status="200"} 7"#);
    }

    #[test]
    fn a_histogram_is_in_seconds_and_ends_with_all() {
        let durations = Durations::default();
        durations.took(Duration::from_micros(1_500));
        durations.took(Duration::from_mins(1));
        let mut page = Page::default();
        page.family(&EVENT_TIME).spread(&["x"], &durations.read(), Unit::Nanoseconds);
        let text = page.into_text();
        for line in [
            r#"rondo_socket_event_duration_seconds_bucket{event="x",le="0.0001"} 0"#,
            r#"rondo_socket_event_duration_seconds_bucket{event="x",le="0.0025"} 1"#,
            r#"rondo_socket_event_duration_seconds_bucket{event="x",le="10"} 1"#,
            r#"rondo_socket_event_duration_seconds_bucket{event="x",le="+Inf"} 2"#,
            r#"rondo_socket_event_duration_seconds_sum{event="x"} 60.0015"#,
            r#"rondo_socket_event_duration_seconds_count{event="x"} 2"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
