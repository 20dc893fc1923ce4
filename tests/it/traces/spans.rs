//! Traces as a collector sees them.

use std::time::Duration;

use serde_json::Value;

use super::place::{Place, Report};

/// How long a busy machine may take until a report is there.
pub(super) const LONG: Duration = Duration::from_secs(30);

/// The trace that callers send, and the span in it.
pub(super) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub(super) const CALLER: &str = "b7ad6b7169203331";

/// The header that says so.
pub(super) fn traceparent() -> String {
    format!("00-{TRACE}-{CALLER}-01")
}

/// A span, and the node that made it.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) node: String,
    pub(super) span: Value,
}

impl Span {
    pub(super) fn name(&self) -> &str {
        self.span["name"].as_str().unwrap()
    }

    pub(super) fn id(&self) -> &str {
        self.span["spanId"].as_str().unwrap()
    }

    pub(super) fn parent(&self) -> Option<&str> {
        self.span["parentSpanId"].as_str()
    }

    /// An attribute, without the name of its kind.
    pub(super) fn attribute(&self, key: &str) -> Option<&Value> {
        attribute(&self.span["attributes"], key)
    }
}

fn attribute<'v>(attributes: &'v Value, key: &str) -> Option<&'v Value> {
    let found = attributes.as_array()?.iter().find(|attribute| attribute["key"] == key)?;
    found["value"].as_object()?.values().next()
}

/// All spans of a trace.
pub(super) fn of_trace(reports: &[Report], trace: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for report in reports {
        let request: Value = serde_json::from_str(&report.body).unwrap();
        for resource in request["resourceSpans"].as_array().unwrap() {
            let node = attribute(&resource["resource"]["attributes"], "service.instance.id").unwrap();
            let of_scopes = resource["scopeSpans"].as_array().unwrap().iter();
            let found = of_scopes.flat_map(|scope| scope["spans"].as_array().unwrap());
            let found = found.filter(|span| span["traceId"] == trace);
            spans.extend(found.map(|span| Span { node: node.as_str().unwrap().to_owned(), span: span.clone() }));
        }
    }
    spans
}

impl Place {
    /// Waits until the trace has a span of each of these names.
    pub(super) async fn spans(&self, trace: &str, names: &[&str]) -> Vec<Span> {
        let all = |reports: &[Report]| {
            let spans = of_trace(reports, trace);
            names.iter().all(|name| spans.iter().any(|span| span.name() == *name))
        };
        self.until(&format!("a trace with {names:?}"), all).await;
        of_trace(&self.taken(), trace)
    }
}

/// The span of this name, which there must be once.
#[track_caller]
pub(super) fn one<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name() == name).collect();
    assert_eq!(found.len(), 1, "{name} in {spans:?}");
    found[0]
}
