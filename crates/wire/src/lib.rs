//! The shapes that leave the house, and those that are let in: bodies, views, cursors, error codes and server events.
//!
//! Everything that a client can send or see is described here, once, for all surfaces.

pub mod body;
mod cursor;
mod decode;
mod error_code;
mod event;
mod fault;
pub mod socket;
mod time;
pub mod view;

pub use cursor::{
    decode_activity, decode_id, decode_member, decode_message, decode_name, decode_roll, encode_activity, encode_id,
    encode_member, encode_message, encode_name, encode_roll,
};
pub use decode::decode;
pub use error_code::ErrorCode;
pub use event::{PublicEncoder, live_payload, passing_payload, presence_diff, presence_list};
pub use fault::{Fault, FieldError};
pub use time::Time;
