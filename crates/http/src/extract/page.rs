//! Which page of a list is asked for.

use rondo_domain::{
    Invalid, InvitationId, LoginId, NotificationId,
    account::NameKey,
    page::{ActivityKey, Limit, MemberKey},
    presence::RollKey,
};
use rondo_wire::{decode_activity, decode_id, decode_member, decode_name, decode_roll};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use super::params::{Noted, Parameters, Reader};

/// Which page of a list that goes on from a `K`.
pub(crate) struct Paging<K> {
    /// How many to give.
    pub(crate) limit: Limit,
    /// Where the page before ended.
    pub(crate) after: Option<K>,
}

/// By hand: the derived one would show what a cursor is made of.
impl<K> IntoParams for Paging<K> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let whole = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(100));
        let limit = query("limit", "How many to give.", whole.default(Some(20.into())));
        let text = ObjectBuilder::new().schema_type(Type::String);
        let cursor = query("cursor", "The `nextCursor` of the page before; left out, the first page.", text);
        vec![limit, cursor]
    }
}

fn query(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// What a list goes on from.
pub(crate) trait Cursor: Sized {
    /// Reads a `nextCursor`.
    ///
    /// # Errors
    /// When it is not one of this list.
    fn decode(cursor: &str) -> Result<Self, Invalid>;
}

impl<K: Cursor> Parameters for Paging<K> {
    fn read(reader: &mut Reader) -> Result<Self, Noted> {
        let limit = reader.limit(Limit::default(), Limit::parse);
        let after = reader.cursor(K::decode);
        Ok(Self { limit: limit?, after: after? })
    }
}

impl Cursor for ActivityKey {
    fn decode(cursor: &str) -> Result<Self, Invalid> {
        decode_activity(cursor)
    }
}

impl Cursor for MemberKey {
    fn decode(cursor: &str) -> Result<Self, Invalid> {
        decode_member(cursor)
    }
}

impl Cursor for NameKey {
    fn decode(cursor: &str) -> Result<Self, Invalid> {
        decode_name(cursor)
    }
}

impl Cursor for RollKey {
    fn decode(cursor: &str) -> Result<Self, Invalid> {
        decode_roll(cursor)
    }
}

impl Cursor for InvitationId {
    fn decode(cursor: &str) -> Result<Self, Invalid> {
        decode_id(cursor).map(Self)
    }
}

impl Cursor for LoginId {
    fn decode(cursor: &str) -> Result<Self, Invalid> {
        decode_id(cursor).map(Self)
    }
}

impl Cursor for NotificationId {
    fn decode(cursor: &str) -> Result<Self, Invalid> {
        decode_id(cursor).map(Self)
    }
}
