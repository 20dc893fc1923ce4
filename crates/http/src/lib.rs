//! The HTTP port: REST, Socket.IO and the documents, on one address.

mod app;
mod asyncapi;
mod cache;
mod cookies;
mod cors;
mod docs;
mod etag;
mod extract;
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod graphql;
mod headers;
mod hub;
mod idempotency;
mod limits;
mod methods;
mod metrics;
mod openapi;
mod operators;
mod origins;
mod places;
mod problem;
mod request_id;
mod request_log;
mod resource;
mod rest;
mod server;
mod state;
#[cfg(test)]
mod testing;
mod trace;

pub use asyncapi::{AsyncApi, asyncapi, errors_page, events_page};
pub use cache::{AnswerFigures, Answers};
pub use limits::{AddressHeader, NotAHeader, NotAnAddress};
pub use metrics::{metric_names, metrics_page};
pub use openapi::openapi;
pub use operators::{LogLevel, OperatorSettings, OperatorToken};
pub use places::{NoPlace, Places};
pub use server::Server;
pub use state::{AllowedOrigins, Draining, HttpSettings, Services, TrustedProxies};

pub use hub::{Hub, HubCounts, HubParts};
pub use rondo_graphql::sdl as graphql_schema;
