//! A stage for tests of this crate alone: real services over a store that holds one person.

mod lists;
mod ports;
mod stage;
mod store;
mod unit;

pub(crate) use ports::{EXPIRED_TOKEN, GOOD_TOKEN};
pub(crate) use stage::{Answer, limited_stage, post, request, settings, signed_in, stage};
pub(crate) use store::Forgetful;
