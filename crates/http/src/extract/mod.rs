//! What handlers take from a request. Extractors say who is calling and what they ask; whether they may is asked in
//! the services.

mod body;
mod client;
mod in_order;
mod page;
mod params;
mod path;
mod user;

pub(crate) use body::{Body, Keyed, NoBody, OptionalBody, is_json, media_type, read};
pub(crate) use client::ClientOrigin;
pub(crate) use in_order::in_order;
pub(crate) use page::Paging;
pub(crate) use params::{Noted, Parameters, Params, Reader};
pub(crate) use path::{PathId, PathIds};
pub(crate) use user::{CurrentUser, bearer, bearer_in};
