//! What is counted of operations.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use rondo_domain::measure::{Durations, Spread};
use rondo_wire::{ErrorCode, Outcomes};

/// How the types of operations are called; the last stands for those that were refused before they were run.
const TYPES: [&str; 4] = ["query", "mutation", "subscription", "other"];

/// Operations since the start of the node.
#[derive(Debug, Default)]
pub struct OperationFigures([OfType; TYPES.len()]);

#[derive(Debug, Default)]
struct OfType {
    outcomes: Outcomes,
    time: Durations,
}

impl OperationFigures {
    /// An operation was run.
    pub(crate) fn ran(&self, ty: OperationType, refused: Option<ErrorCode>, took: Duration) {
        let figures = &self.0[place_of(ty)];
        figures.outcomes.note(refused);
        figures.time.took(took);
    }

    /// An operation was refused, and not run.
    pub(crate) fn refused(&self, code: ErrorCode) {
        self.0[TYPES.len() - 1].outcomes.note(Some(code));
    }

    /// Each type, what became of its operations, and how long those took that were run.
    pub fn read(&self) -> impl Iterator<Item = (&'static str, &Outcomes, Spread)> {
        TYPES.into_iter().zip(&self.0).map(|(ty, figures)| (ty, &figures.outcomes, figures.time.read()))
    }
}

const fn place_of(ty: OperationType) -> usize {
    match ty {
        OperationType::Query => 0,
        OperationType::Mutation => 1,
        OperationType::Subscription => 2,
    }
}
