//! The schema, put together.

use async_graphql::{EmptySubscription, SDLExportOptions, SchemaBuilder};

use crate::{mutation::Mutation, query::Query};

pub(crate) type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

pub(crate) fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, Mutation::default(), EmptySubscription)
}

/// The schema in its own language.
#[must_use]
pub fn sdl() -> String {
    builder().finish().sdl_with_options(
        SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions().use_space_ident(),
    )
}
