//! Traces made of `tracing`'s spans: which belong together, also across nodes, and which of them are recorded.
//!
//! The spans are ordinary ones at debug, and cost nothing while nobody records them. The fields `otel.name`, `otel.kind`
//! and `otel.status_code` mean what they mean to OpenTelemetry's own layer. Where finished spans go is up to whoever
//! starts the [`Recorder`].

mod draw;
mod field;
mod recorder;
mod sampler;

use std::sync::atomic::{AtomicBool, Ordering};

use rondo_domain::trace::{TraceContext, TraceId};
use tracing::Span;
use tracing_subscriber::{
    Registry,
    registry::{Extensions, LookupSpan as _},
};

use self::recorder::Open;
pub use self::{
    field::Value,
    recorder::{FinishedSpan, Kind, Recorder, SpanSink},
    sampler::Sampler,
};

/// Whether a recorder was ever started in this process.
static ON: AtomicBool = AtomicBool::new(false);

/// Whether traces are recorded at all: otherwise nobody need look for a context.
#[must_use]
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// The context in which this thread works: what is done because of it belongs to its trace. `None` when that is not
/// recorded.
#[must_use]
pub fn current() -> Option<TraceContext> {
    if is_on() { context_of(&Span::current()) } else { None }
}

/// The context of a span. `None` when it is not recorded.
#[must_use]
pub fn context_of(span: &Span) -> Option<TraceContext> {
    with(span, |open| open.context()).flatten()
}

/// The trace of a span whose extensions these are, for layers. `None` when it is not recorded.
#[must_use]
pub fn trace_of(extensions: &Extensions<'_>) -> Option<TraceId> {
    Some(extensions.get::<Open>()?.context()?.trace_id())
}

/// Makes a span, which was made just now and has no parent here, the child of a context from elsewhere.
pub fn follow(span: &Span, parent: &TraceContext) {
    with(span, |open| open.follow(parent));
}

fn with<T>(span: &Span, act: impl FnOnce(&mut Open) -> T) -> Option<T> {
    if span.is_disabled() {
        return None;
    }
    let acted = span.with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        span.extensions_mut().get_mut::<Open>().map(act)
    });
    acted.flatten()
}
