//! How signals reach the nodes.

mod memory;
mod redis;

pub use memory::MemoryBus;
pub use redis::RedisBus;
#[doc(hidden)]
pub use redis::read_twice;
