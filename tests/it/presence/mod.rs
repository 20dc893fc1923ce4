//! Who is there, and who types.

mod list;
mod typing;
