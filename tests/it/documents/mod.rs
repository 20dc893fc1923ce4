//! The documents that the server gives of itself.

mod read;
