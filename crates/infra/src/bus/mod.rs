//! How signals reach the nodes.

mod memory;
mod redis;

pub use memory::MemoryBus;
pub use redis::RedisBus;
