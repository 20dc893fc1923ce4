//! Many who write at once, and what becomes of it when the server falls.

mod crowd;
mod fall;
mod post;
