//! What the fuzzers see of this crate; nothing else uses it.

use async_graphql::{Variables, parser::parse_query};

use crate::document::{absent, operation, parse_hash, scan, weigh};

/// What a document weighs that is within every limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighed {
    /// How deep its fields stand in each other.
    pub depth: usize,
    /// How many fields it selects, fragments unfolded.
    pub fields: usize,
    /// How many items it may ask for.
    pub cost: usize,
}

/// Looks a text over as the document of a request is; `None` when it is refused.
#[must_use]
pub fn document(text: &str) -> Option<Weighed> {
    scan(text).ok()?;
    let document = parse_query(text).ok()?;
    let (mut variables, meant) = (Variables::default(), operation(&document, None).ok()?);
    let absent = absent::complete(meant, &mut variables);
    let document = absent::without(&document, None, &absent);
    let weight = weigh(&document, operation(&document, None).ok()?, &variables).ok()?;
    Some(Weighed { depth: weight.depth, fields: weight.fields, cost: weight.cost })
}

/// Reads the hash of a persisted document, and writes it.
#[must_use]
pub fn hash(text: &str) -> Option<String> {
    Some(parse_hash(text)?.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}
