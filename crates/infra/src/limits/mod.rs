//! The counting behind the limits.

mod memory;
mod redis;

pub use memory::MemoryLimits;
pub use redis::RedisLimits;
