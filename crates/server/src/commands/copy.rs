//! `rondo copy`: carries a whole instance into another, empty database.

use rondo_infra::db::{self, DatabaseSettings};

use crate::config::{DatabaseUrl, LogSettings};

/// Connections that a copy asks for on each side; it has one.
const ONE: u32 = 1;

pub(super) fn run(log: &LogSettings, from: DatabaseUrl, to: DatabaseUrl) -> Result<(), String> {
    let [from, to] = [from, to].map(|DatabaseUrl(url)| DatabaseSettings { url, max_connections: ONE });
    super::block_on(log, 1, async {
        let mut said = Ok(());
        let copied = db::copy(&from, &to, |copied| {
            if said.is_ok() {
                said =
                    super::say(format!("{:<16} {:>9} rows  {}", copied.table, copied.contents.rows, copied.contents));
            }
        });
        copied.await.map_err(|error| error.to_string())?;
        said?;
        super::say("Both databases hold the same: every table was read back and compared before anything was kept.")
    })
}
