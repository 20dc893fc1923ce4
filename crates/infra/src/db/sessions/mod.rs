//! Sessions and memberships.

pub(super) mod founder;
pub(super) mod founding;
mod reads;
mod writes;

pub(super) use reads::{MEMBERS, OF_USER_OR_NEWEST, membership, page};
