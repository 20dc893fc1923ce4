//! Sessions and memberships.

mod reads;
mod writes;
