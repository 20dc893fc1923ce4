//! Who is there, and who types.

mod list;
mod outage;
mod typing;
