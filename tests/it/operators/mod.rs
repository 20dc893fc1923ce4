//! What those who run the server are given.

mod artefacts;
mod figures;
mod guard;
mod log_level;
mod page;
mod strangers;
