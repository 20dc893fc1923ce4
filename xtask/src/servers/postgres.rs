//! PostgreSQL for the tests, which create a database each.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::net::{PATIENCE, Target, connect, encode};
use super::{Kind, Server, docker, login, throwaway, variable_or};
use crate::caretaker::Caretaker;
use crate::shell::{Result, find, variable};

mod facts;
mod private;

use facts::Facts;

const PORT: u16 = 5432;

/// Settings of throw-away servers. What was promised as durable may be lost with the machine, since all of it is thrown
/// away; how a commit is acknowledged (`synchronous_commit`) stays as it is in earnest.
const SETTINGS: [&str; 3] = ["fsync=off", "full_page_writes=off", "max_connections=300"];

/// PostgreSQL.
pub(crate) struct Postgres;

impl Kind for Postgres {
    const NAME: &'static str = "PostgreSQL";
    const VARIABLE: &'static str = "TEST_POSTGRES_URL";
    const PACKAGE: &'static str = "postgresql";

    fn is_installed(&self) -> bool {
        ["initdb", "postgres"].into_iter().all(|name| private::program(name).is_some())
    }

    fn given(&self, url: &str) -> Result<Server> {
        let target = Target::parse(url, PORT);
        let address = target.as_ref().map_or("the socket that its URL names", |target| target.address.as_str());
        let found = match (psql(), &target) {
            (Ok(psql), _) => inspect(&psql, url)?.describe(),
            (Err(_), Some(target)) => {
                connect(&target.address)?;
                "of unknown version (psql is not installed: its max_connections were not checked)".to_owned()
            }
            (Err(why), None) => return Err(why),
        };
        Ok(server(url.to_owned(), &found, &format!("given, at {address}"), None))
    }

    fn running(&self) -> Result<Server> {
        let host = variable_or("PGHOST", "127.0.0.1");
        if host.starts_with(['/', '@']) || host.contains(',') {
            return Err(format!("PGHOST is `{host}`, and the tests need one host that is reached over TCP"));
        }
        let address = format!("{host}:{}", variable_or("PGPORT", &PORT.to_string()));
        connect(&address)?;
        let psql = psql()?;
        let users = match variable("PGUSER") {
            Some(user) => vec![user],
            None => ["postgres".to_owned()].into_iter().chain(login().filter(|user| user != "postgres")).collect(),
        };
        let mut refusals = Vec::new();
        for user in users {
            let url = url(&user, variable("PGPASSWORD").as_deref(), &address);
            match inspect(&psql, &url) {
                Ok(facts) => {
                    return Ok(server(url, &facts.describe(), &format!("running at {address}, as {user}"), None));
                }
                Err(why) => refusals.push(format!("as {user}, {why}")),
            }
        }
        Err(format!("the server at {address} will not do: {}", refusals.join("; ")))
    }

    fn private(&self) -> Result<Server> {
        let psql = psql()?;
        let instance = private::start()?;
        let facts = inspect(&psql, &instance.url)?;
        let origin = format!("throw-away instance at {}", instance.address);
        Ok(server(instance.url, &facts.describe(), &origin, Some(instance.caretaker)))
    }

    fn docker(&self) -> Result<Server> {
        let password = throwaway::password();
        let image = docker::Image {
            kind: "postgres",
            name: "postgres:16",
            port: PORT,
            environment: &[("POSTGRES_PASSWORD", &password)],
            command: &["postgres", "-c", SETTINGS[0], "-c", SETTINGS[1], "-c", SETTINGS[2]],
        };
        let container = docker::start(&image)?;
        let address = format!("127.0.0.1:{}", container.port);
        let facts = throwaway::wait_for(Duration::from_mins(1), || {
            // Over TCP, since while the image prepares its data it already answers on its socket.
            let mut command = Command::new("docker");
            command.args(["exec", &container.name, "psql", "--host=127.0.0.1", "--username=postgres"]);
            Facts::ask(&mut command)
        })?;
        connect(&address)?;
        let url = url("postgres", Some(&password), &address);
        let origin = format!("throw-away container at {address}");
        Ok(server(url, &facts.describe(), &origin, Some(container.caretaker)))
    }
}

fn server(url: String, facts: &str, origin: &str, caretaker: Option<Caretaker>) -> Server {
    Server { url, description: format!("PostgreSQL {facts}, {origin}"), _caretaker: caretaker }
}

fn psql() -> Result<PathBuf> {
    find("psql")
        .or_else(|| private::program("psql"))
        .ok_or_else(|| "psql, which is needed to look at a server, is not installed".to_owned())
}

fn inspect(psql: &PathBuf, url: &str) -> Result<Facts> {
    let mut command = Command::new(psql);
    command.env("PGCONNECT_TIMEOUT", PATIENCE.as_secs().to_string()).args(["--dbname", url]);
    Facts::ask(&mut command)
}

fn url(user: &str, password: Option<&str>, address: &str) -> String {
    let password = password.map(|password| format!(":{}", encode(password))).unwrap_or_default();
    format!("postgres://{}{password}@{address}/postgres", encode(user))
}
