//! Who may do what: every operation, tried by everybody.

mod attempt;
pub(crate) mod operations;
pub(crate) mod scene;
