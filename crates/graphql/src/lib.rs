//! The GraphQL surface: a schema over the services that REST and Socket.IO call, its loaders, and the limits within which
//! a query is run. Knows nothing of HTTP: a [`Visit`] says who asks, and [`GraphQl::answer`] gives the bytes to send.

mod connection;
mod document;
mod engine;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod loader;
mod mutation;
mod object;
mod once;
mod query;
mod scalar;
mod schema;
mod visit;

pub use document::limits;
pub use engine::{Ask, Batch, GraphQl, Reply};
pub use fault::refusal;
pub use schema::sdl;
pub use visit::{Effects, Services, Visit, Visitor};
