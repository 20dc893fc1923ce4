//! Where a trace comes in: the headers of a request or a handshake, and the span of what they ask for.

use rondo_domain::trace::{TraceContext, TraceId};
use rondo_wire::ErrorCode;
use tracing::Span;

/// The context that headers carry, if there is exactly one and it is well formed. Nobody looks while nothing is
/// recorded.
pub(crate) fn sent<'h>(header: impl Fn(&'static str) -> Vec<&'h [u8]>) -> Option<TraceContext> {
    if !rondo_trace::is_on() {
        return None;
    }
    let [parent] = header("traceparent")[..] else { return None };
    let context = TraceContext::parse(str::from_utf8(parent).ok()?)?;
    // In as many headers as its writers liked.
    let states: Option<Vec<_>> = header("tracestate").into_iter().map(|state| str::from_utf8(state).ok()).collect();
    Some(context.with_state(&states.unwrap_or_default().join(",")))
}

/// Makes a new span the child of a context from elsewhere, if there is one.
pub(crate) fn follow(span: Span, sent: Option<&TraceContext>) -> Span {
    if let Some(sent) = sent {
        rondo_trace::follow(&span, sent);
    }
    span
}

/// The trace that a span is part of, if it is recorded.
pub(crate) fn id(span: &Span) -> Option<TraceId> {
    rondo_trace::context_of(span).map(|context| context.trace_id())
}

/// Notes that what a span is about failed, in OpenTelemetry's words. What a caller did wrong is no failure of ours.
pub(crate) fn note_error(span: &Span, code: ErrorCode) {
    span.record("error.type", code.as_str());
    if code.status() >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}
