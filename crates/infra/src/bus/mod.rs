//! How signals reach the nodes.

mod memory;

pub use memory::MemoryBus;
