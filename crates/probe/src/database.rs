//! Throw-away databases and Redis prefixes, by the `psql` and `redis-cli` that are installed.

use crate::{Outcome, process::run_id};
use std::process::{Command, Stdio};

/// A PostgreSQL database of the run's own; dropped with this.
#[derive(Debug)]
pub(crate) struct Database {
    admin: String,
    name: String,
}

impl Database {
    pub(crate) fn create(admin: &str) -> Outcome<Self> {
        let name = format!("rondo_probe_{}", run_id().replace('-', "_"));
        psql(admin, &format!("CREATE DATABASE {name}"))?;
        Ok(Self { admin: admin.to_owned(), name })
    }

    pub(crate) fn url(&self) -> String {
        with_database(&self.admin, &self.name)
    }

    /// Rows written since the database was made, as far as its statistics have come.
    pub(crate) fn rows_written(&self) -> Outcome<u64> {
        let sum = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables";
        Ok(psql(&self.url(), sum)?.trim().parse().map_err(|_| "pg_stat_user_tables gave no number")?)
    }

    /// Lets the planner know what set-up has written; autovacuum would come at an hour of its own.
    pub(crate) fn analyze(&self) -> Outcome<()> {
        psql(&self.url(), "VACUUM (ANALYZE)").map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop_it = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Err(error) = psql(&self.admin, &drop_it) {
            eprintln!("rondo-probe: {} is left behind: {error}", self.name);
        }
    }
}

/// A prefix of the run's own for what it keeps in Redis; its keys go with this.
#[derive(Debug)]
pub(crate) struct RedisKeys {
    url: String,
    prefix: String,
}

impl RedisKeys {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), prefix: format!("rondo-probe-{}:", run_id()) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl Drop for RedisKeys {
    fn drop(&mut self) {
        const CLEAR: &str = r#"redis-cli -u "$1" --scan --pattern "$2*" | xargs -r -n 500 redis-cli -u "$1" unlink"#;
        let cleared = Command::new("/bin/sh")
            .args(["-c", CLEAR, "clear", &self.url, &self.prefix])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !cleared.is_ok_and(|status| status.success()) {
            eprintln!("rondo-probe: keys under {} are left to their time to live", self.prefix);
        }
    }
}

fn psql(url: &str, statement: &str) -> Outcome<String> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--no-password", "--no-align", "--tuples-only", "--quiet"])
        .args(["--set", "ON_ERROR_STOP=1", "--command", statement, url])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("psql, which makes the run's own database, could not be started: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("psql: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

/// The URL with this database in place of its own.
fn with_database(url: &str, name: &str) -> String {
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let authority = path.find("://").map_or(0, |at| at + 3);
    let end = path[authority..].find('/').map_or(path.len(), |at| authority + at);
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    format!("{}/{name}{query}", &path[..end])
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        for (url, expected) in [
            ("postgres://u:p@127.0.0.1:5432/postgres", "postgres://u:p@127.0.0.1:5432/mine"),
            ("postgres://127.0.0.1", "postgres://127.0.0.1/mine"),
            ("postgres://h/a?sslmode=disable", "postgres://h/mine?sslmode=disable"),
        ] {
            assert_eq!(with_database(url, "mine"), expected);
        }
    }
}
