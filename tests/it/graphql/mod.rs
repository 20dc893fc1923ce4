//! `/graphql`: the same operations in the schema's own idiom.

mod ask;
mod counterpart;
mod examples;
mod hear;
mod hostile;
mod loaders;
mod once;
mod pages;
mod parity;
mod shape;
mod travel;
mod variables;
