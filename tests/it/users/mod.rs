//! People.

mod list;
mod me;
