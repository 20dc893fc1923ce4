//! What connections hear, and when they no longer do.

mod connect;
mod end;
mod hear;
mod resume;
