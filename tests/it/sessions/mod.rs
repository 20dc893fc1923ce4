//! Sessions: making, finding, changing, joining and leaving them.

mod create;
mod delete;
mod get;
mod join;
mod leave;
mod list;
mod list_public;
mod update;
