//! The Redis that nodes share: the connection for commands, and the name of everything that is kept there.
//!
//! Redis makes things fast and is never the only copy of anything: whoever asks it must know what to do without an answer.

mod backoff;
mod client;
mod keys;

pub(crate) use backoff::Backoff;
pub use client::{Redis, RedisFault, RedisSettings};
pub use keys::Keys;
