//! What the database does, in traces: one span for each commit, without a word of what is written.

use tracing::Span;

use super::{guarded::Guarded, link::Link};

/// A commit that begins now, on behalf of the span that this thread works in.
pub(super) fn commit(on: &Guarded<impl Link>, posts: usize) -> Span {
    let system = if on.is_postgres() { "postgresql" } else { "sqlite" };
    tracing::debug_span!(
        "commit",
        otel.kind = "client",
        db.system.name = system,
        db.operation.name = "COMMIT",
        db.operation.batch.size = posts,
    )
}
