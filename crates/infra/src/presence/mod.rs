//! Where presence is kept.

mod memory;
mod redis;

pub use memory::MemoryPresence;
pub use redis::{PresenceSettings, RedisPresence};
