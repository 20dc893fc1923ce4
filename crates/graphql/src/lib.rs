//! The GraphQL surface: a schema over the services that REST and Socket.IO call, its loaders, and the limits within which
//! a query is run. Knows nothing of HTTP: a [`Visit`] says who asks, and [`GraphQl::answer`] gives the bytes to send.

mod admission;
mod connection;
mod document;
mod engine;
mod fault;
mod figures;
#[doc(hidden)]
pub mod fuzzing;
mod loader;
mod mutation;
mod object;
mod once;
mod plain;
mod query;
mod scalar;
mod schema;
mod selection;
mod shape;
mod subscription;
mod visit;

pub use document::limits;
pub use engine::{Ask, Batch, GraphQl, Reply, Spoken, Unrunnable};
pub use fault::{refusal, refusals};
pub use figures::OperationFigures;
pub use plain::PlainKey;
pub use schema::sdl;
pub use selection::{Selection, SelectionKey};
pub use subscription::{Happening, Stream, Wish};
pub use visit::{Effects, Services, Visit, Visitor};
