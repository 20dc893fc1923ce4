//! The documents that the server gives of itself.

mod proof;
mod read;
