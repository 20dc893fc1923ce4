//! `docs/METRICS.md`: every metric, from the catalogue.

use std::fmt::Write as _;

use super::catalogue::{Family, SECTIONS, all};

/// The page of the metrics.
#[must_use]
pub fn metrics_page() -> String {
    let mut page = include_str!("reference.md").to_owned();
    for (title, families) in SECTIONS {
        let _infallible = writeln!(page, "\n## {title}\n\n| metric | type | labels | |\n| --- | --- | --- | --- |");
        for Family { name, kind, labels, help } in *families {
            let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
            let _infallible = writeln!(page, "| `{name}` | {} | {} | {help} |", kind.name(), labels.join(", "));
        }
    }
    page.trim_end().to_owned()
}

/// The names of all metrics, without what a histogram adds to its own.
#[must_use]
pub fn metric_names() -> Vec<&'static str> {
    all().map(|family| family.name).collect()
}
