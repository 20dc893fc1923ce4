//! Answers that are kept for a moment: who sees what, and how soon.

mod graphql;
mod nodes;
mod others;
mod own_writes;
