//! What a server reports of itself elsewhere: traces and errors.

mod errors;
mod off;
mod place;
mod spans;
mod trace;
