//! What is refused when it comes too often.

mod requests;
mod sockets;
