//! Sessions and memberships.

pub(super) mod founding;
mod reads;
mod writes;
