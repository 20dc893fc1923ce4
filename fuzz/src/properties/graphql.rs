//! GraphQL documents, before anything of them is run.

use rondo_graphql::{fuzzing, limits};

use super::text;

/// A document that is let through is within every limit, and none that is nested deeper is; a hash has one spelling.
pub fn graphql(data: &[u8]) {
    let text = text(data);
    let weighed = fuzzing::document(&text);
    if let Some(weight) = weighed {
        assert!(weight.depth <= limits::DEPTH, "{weight:?}");
        assert!(weight.fields <= limits::FIELDS, "{weight:?}");
        assert!(weight.cost <= limits::COST, "{weight:?}");
    }
    if !text.contains(['"', '#']) && nesting(&text) > limits::NESTING {
        assert!(weighed.is_none(), "nested {} deep", nesting(&text));
    }
    if let Some(hash) = fuzzing::hash(&text) {
        assert_eq!(hash, text.to_ascii_lowercase(), "a hash of another spelling is taken");
    }
}

fn nesting(text: &str) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'(' => now += 1,
            b'}' | b']' | b')' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}
