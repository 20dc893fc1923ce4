//! The rondo binary: settings, wiring, commands, and the order of shutdown.

pub mod commands;
pub mod config;
pub mod demo;
mod link;
mod node;
pub mod telemetry;

pub use node::{Node, NodeError};

/// The release of this binary.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
