//! Databases of one test alone.

use std::{
    env, fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rondo_domain::ids::RequestId;
use rondo_infra::db::{DatabaseSettings, verify};
use sea_orm::sqlx::{self, Connection as _, postgres::PgConnection, sqlite::SqliteConnection};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::patience::within;

/// The variable that names a PostgreSQL server: a URL whose user may create databases.
const VARIABLE: &str = "TEST_POSTGRES_URL";

/// How many tests use the server at once. With six connections each, this leaves room within the usual hundred.
static PLACES: Semaphore = Semaphore::const_new(12);

/// The databases that every promise is tested on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// The server of `TEST_POSTGRES_URL`.
    Postgres,
}

/// A database that is there for one test, and gone with it, even when the test panics.
pub struct TestDb {
    url: String,
    folder: Folder,
    leased: Option<Leased>,
}

impl TestDb {
    /// Makes one.
    pub async fn create(backend: Backend) -> Self {
        let folder = Folder::create();
        match backend {
            Backend::Sqlite => {
                let url = format!("sqlite://{}?mode=rwc", folder.path().join("rondo.db").display());
                Self { url, folder, leased: None }
            }
            Backend::Postgres => {
                let leased = Leased::create().await;
                Self { url: with_database(&leased.server, &leased.name), folder, leased: Some(leased) }
            }
        }
    }

    /// For `DATABASE_URL`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements, past all that is tried here.
    pub async fn run(&self, statements: &str) {
        let outcome = match self.leased {
            Some(_) => within("the statements", run(&self.url, statements)).await,
            None => within("the statements", run_sqlite(&self.url, statements)).await,
        };
        outcome.unwrap_or_else(|error| panic!("the statements failed: {error}"));
    }

    /// Insists that the data is as the rules want it.
    pub async fn verify(&self) {
        let mut broken = Vec::new();
        let settings = DatabaseSettings::new(&*self.url);
        let verified = verify(&settings, |finding| {
            if !finding.holds() {
                broken.push(finding.to_string());
            }
        });
        let sound = within("verifying the data", verified).await.expect("a database that can be read");
        assert!(sound, "the data is not as it should be:\n{}", broken.join("\n"));
    }

    /// For `DATA_DIR`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A database on the server; dropping this drops it.
struct Leased {
    server: String,
    name: String,
    _place: SemaphorePermit<'static>,
}

impl Leased {
    async fn create() -> Self {
        let server = env::var(VARIABLE).unwrap_or_else(|_| {
            panic!("{VARIABLE} is not set: name a PostgreSQL server whose user may create databases")
        });
        let server = without_tls(&server);
        let place = PLACES.acquire().await.expect("places are never closed");
        let name = format!("rondo_test_{}", fresh_name());
        // template0: nobody can be connected to it, so that tests that make databases at once do not meet.
        within("making a database", run(&server, &format!("CREATE DATABASE {name} TEMPLATE template0")))
            .await
            .unwrap_or_else(|error| panic!("{VARIABLE} names a server that makes no database: {error}"));
        Self { server, name, _place: place }
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // On a thread of its own: the test's runtime may be busy ending.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                timeout(Duration::from_secs(10), run(&server, &statement)).await
            })
        });
        match dropping.join() {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => eprintln!("the database {} could not be dropped: {error}", self.name),
            Ok(Err(_)) | Err(_) => eprintln!("the database {} could not be dropped in time", self.name),
        }
    }
}

async fn run(server: &str, statement: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(server).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

async fn run_sqlite(url: &str, statements: &str) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnection::connect(url).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(&mut connection).await?;
    connection.close().await
}

/// A URL before and after its `?`.
fn halves(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}

/// The server's URL with another database in it.
fn with_database(server: &str, database: &str) -> String {
    let (address, options) = halves(server);
    let (scheme, rest) = address.split_once("://").expect("a URL begins with its scheme");
    let host = rest.split('/').next().unwrap_or_default();
    let mark = if options.is_empty() { "" } else { "?" };
    format!("{scheme}://{host}/{database}{mark}{options}")
}

/// The URL with TLS off where the server is on this very machine and nothing else was said: in an unoptimized build the
/// handshake costs 0.1 s a connection.
fn without_tls(server: &str) -> String {
    let (address, options) = halves(server);
    let host = address.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let here = ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.strip_prefix(name).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    if !here || options.contains("sslmode") || options.contains("host") {
        return server.to_owned();
    }
    let mark = if options.is_empty() { "?" } else { "&" };
    format!("{server}{mark}sslmode=disable")
}

fn fresh_name() -> String {
    RequestId::generate().0.simple().to_string()
}

/// A new folder in the system's temporary one, removed when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Self {
        let path = env::temp_dir().join(format!("rondo-test-{}", fresh_name()));
        fs::create_dir(&path).expect("a folder in the system's temporary one");
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0)); // what the system's temporary folder keeps longer harms nobody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_an_address_is_replaced() {
        for (server, address) in [
            ("postgres://ada@127.0.0.1:5432/postgres", "postgres://ada@127.0.0.1:5432/x"),
            ("postgres://ada:pw@db", "postgres://ada:pw@db/x"),
            ("postgresql:///postgres?host=/run/pg&port=1", "postgresql:///x?host=/run/pg&port=1"),
        ] {
            assert_eq!(with_database(server, "x"), address);
        }
    }

    #[test]
    fn tls_is_off_on_this_machine_alone_and_only_where_nothing_was_said() {
        for (server, address) in [
            ("postgres://ada:p@w@127.0.0.1:5432/x", "postgres://ada:p@w@127.0.0.1:5432/x?sslmode=disable"),
            ("postgres://localhost/x?a=b", "postgres://localhost/x?a=b&sslmode=disable"),
            ("postgres://localhost/x?sslmode=require", "postgres://localhost/x?sslmode=require"),
            ("postgres://localhost.example.org/x", "postgres://localhost.example.org/x"),
            ("postgres:///x?host=/run/pg", "postgres:///x?host=/run/pg"),
        ] {
            assert_eq!(without_tls(server), address);
        }
    }

    #[tokio::test]
    async fn aleased_database_is_gone_with_its_lease() {
        let database = TestDb::create(Backend::Postgres).await;
        let url = database.url().to_owned();
        assert!(PgConnection::connect(&url).await.is_ok());
        drop(database);
        assert!(PgConnection::connect(&url).await.is_err());
    }
}
