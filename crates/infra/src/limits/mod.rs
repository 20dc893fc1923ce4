//! The counting behind the limits.

mod memory;

pub use memory::MemoryLimits;
