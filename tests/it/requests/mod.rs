//! What every request and answer has in common.

mod answer;
mod name;
mod once;
mod secrets;
