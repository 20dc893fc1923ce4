//! The integration tests: the real server, over its real port, on every database. A file per operation, at a path that
//! mirrors what it is about; the names are the promises.
#![expect(clippy::unwrap_used, reason = "whatever is not as promised has to fail the test")]

mod auth;
mod cache;
mod care;
mod documents;
mod events;
mod graphql;
mod health;
mod invitations;
mod limits;
mod live;
mod members;
mod messages;
mod notifications;
mod operators;
mod parsers;
mod presence;
mod random;
mod requests;
mod rights;
mod sessions;
mod traces;
mod users;
mod writers;
