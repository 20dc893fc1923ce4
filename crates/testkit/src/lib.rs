//! What the tests stand on: servers, databases, people and clients of their own.
//!
//! Everything here fails the test that uses it by panicking, and every wait has a deadline. Each [`TestApp`] has its own
//! database, so all tests run in parallel.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "whatever goes wrong here has to fail the test, loudly"
)]

mod answer;
mod app;
mod clock;
mod command;
mod database;
mod log;
mod patience;
mod person;
mod request;
mod room;
mod server;
pub mod shape;
mod site;
mod socket;
mod subscriber;
mod token;

pub use answer::Answer;
pub use app::{TestApp, TestNode, on};
pub use clock::TestClock;
pub use command::{Said, rondo};
pub use database::{Backend, TestDb};
pub use patience::{eventually, within};
pub use person::{Person, Tokens};
pub use request::{Request, percent};
pub use room::{Room, SessionBuilder, invitation_path};
pub use server::{Ended, Server};
pub use site::Site;
pub use socket::{End, Event, Socket};
pub use subscriber::Subscriber;
pub use token::{JWT_SECRET, decoded, forged, unsigned};

/// Makes of each `async fn name(app: TestApp) { … }` a module `name` with the tests `on_sqlite` and `on_postgres`.
///
/// An argument of type [`Backend`] in the place of the [`TestApp`] leaves it to the test to start what it needs.
#[macro_export]
macro_rules! on_each_database {
    ($($(#[$meta:meta])* async fn $name:ident($arg:ident: $kind:ty) $body:block)+) => {$(
        $(#[$meta])*
        async fn $name($arg: $kind) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::on($crate::Backend::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::on($crate::Backend::Postgres, super::$name).await;
            }
        }
    )+};
}
