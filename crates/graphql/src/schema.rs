//! The schema, put together.

use async_graphql::{SDLExportOptions, SchemaBuilder};

use crate::{mutation::Mutation, query::Query, subscription::Subscription};

pub(crate) type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

pub(crate) fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query, Mutation::default(), Subscription)
}

/// The schema in its own language.
#[must_use]
pub fn sdl() -> String {
    builder().finish().sdl_with_options(
        SDLExportOptions::new().include_specified_by().prefer_single_line_descriptions().use_space_ident(),
    )
}
