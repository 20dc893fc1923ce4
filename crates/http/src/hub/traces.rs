//! What is delivered, in traces: one span for each event and node, however many hear it.

use rondo_domain::event::RecordedEvent;
use tracing::Span;

/// The deliveries that begin now, of those events that carry a trace; they end when this is dropped.
pub(super) fn deliver<'e>(events: impl Iterator<Item = &'e RecordedEvent>, listeners: usize) -> Vec<Span> {
    let traced = events.filter_map(|event| {
        let trace = event.trace.as_ref()?;
        let span = tracing::debug_span!(
            parent: None,
            "deliver",
            otel.name = %format_args!("deliver {}", event.kind.as_str()),
            otel.kind = "consumer",
            rondo.session.id = %event.session_id,
            rondo.event.position = event.position,
            rondo.listeners = listeners,
        );
        rondo_trace::follow(&span, trace);
        Some(span)
    });
    traced.collect()
}
