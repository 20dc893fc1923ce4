//! Where presence is kept.

mod memory;

pub use memory::MemoryPresence;
