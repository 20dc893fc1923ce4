//! Who is in a session and as what.

mod delete;
mod list;
mod update;
