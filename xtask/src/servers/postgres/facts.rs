//! What the tests need to know of a PostgreSQL server before they run on it.

use std::process::Command;

use crate::shell::{Result, capture};

/// Tests run side by side, and each server that they start has a pool of its own.
const CONNECTIONS: u32 = 100;

const QUERY: &str = "\
SELECT split_part(current_setting('server_version'), ' ', 1), current_setting('max_connections'), \
rolsuper OR rolcreatedb, (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'template1') \
FROM pg_roles WHERE rolname = current_user";

/// A server that has been looked at and will do.
pub(super) struct Facts {
    version: String,
    connections: u32,
}

impl Facts {
    /// Asks through a `psql` that has been told where to go; an error when the server cannot be used.
    pub(super) fn ask(psql: &mut Command) -> Result<Self> {
        let flags = ["--no-psqlrc", "--no-password", "--no-align", "--tuples-only", "--field-separator=|"];
        Self::judge(capture(psql.args(flags).args(["--command", QUERY]))?.trim())
    }

    fn judge(row: &str) -> Result<Self> {
        let cells: Vec<&str> = row.split('|').collect();
        let &[version, connections, creates, encoding] = cells.as_slice() else {
            return Err(format!("the server answered `{row}`, which is not understood"));
        };
        let connections = connections.parse().map_err(|_| format!("max_connections is `{connections}`, no number"))?;
        if creates != "t" {
            return Err("this user may not create databases".to_owned());
        }
        if connections < CONNECTIONS {
            return Err(format!("max_connections is {connections}, and the tests need {CONNECTIONS} or more"));
        }
        if encoding != "UTF8" {
            return Err(format!("new databases are encoded in {encoding}, and the tests need UTF8"));
        }
        Ok(Self { version: version.to_owned(), connections })
    }

    pub(super) fn describe(&self) -> String {
        format!("{} (max_connections {})", self.version, self.connections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_will_do_is_described() {
        assert_eq!(Facts::judge("16.4|300|t|UTF8").unwrap().describe(), "16.4 (max_connections 300)");
    }

    #[test]
    fn a_server_that_will_not_do_says_why() {
        for (row, why) in [
            ("16.4|99|t|UTF8", "max_connections is 99"),
            ("16.4|100|f|UTF8", "may not create databases"),
            ("16.4|100|t|SQL_ASCII", "SQL_ASCII"),
            ("", "not understood"),
        ] {
            let refusal = Facts::judge(row).err().unwrap();
            assert!(refusal.contains(why), "{row}: {refusal}");
        }
    }
}
