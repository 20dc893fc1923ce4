//! How the server is.

mod ask;
