//! Who may do what: every operation, tried by everybody.

mod attempt;
mod operations;
mod scene;
