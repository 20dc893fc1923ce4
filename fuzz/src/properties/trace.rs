//! The trace that callers say their requests belong to.

use rondo_domain::trace::TraceContext;

use super::text;

/// What is taken of a `traceparent` (the first line) and its `tracestate` (the rest) is handed on in a form that is read
/// the same again, and that is within the bounds of the standard.
pub fn trace(data: &[u8]) {
    let text = text(data);
    let (parent, state) = text.split_once('\n').unwrap_or((&text, ""));
    let Some(bare) = TraceContext::parse(parent) else { return };
    let written = bare.to_string();
    assert_eq!(written.len(), 55, "{written}");
    assert_eq!(TraceContext::parse(&written).as_ref(), Some(&bare), "{parent}");
    assert_eq!(written.get(2..53), parent.get(2..53), "another trace or span than was sent");

    let context = bare.clone().with_state(state);
    let Some(kept) = context.state.clone() else {
        return assert_eq!(context, bare);
    };
    assert!(kept.len() <= 512 && kept.split(',').count() <= 32, "{kept}");
    assert!(kept.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "a header cannot carry {kept:?}");
    assert_eq!(bare.with_state(&kept), context, "{state}");
}
