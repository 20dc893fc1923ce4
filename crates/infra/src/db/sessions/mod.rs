//! Sessions and memberships.

mod reads;
mod writes;

pub(super) use reads::{access, membership, page};
