//! Long random lives: whatever happens in whatever order, what is promised holds.

mod device;
pub(crate) mod dice;
mod document;
mod life;
mod requests;
