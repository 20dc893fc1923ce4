//! Inviting, answering, and taking back.

mod answer;
mod create;
mod list;
mod revoke;
