//! `rondo backup`: copies the SQLite database into a new file, while the server runs.

use std::path::Path;

use rondo_infra::db;

use crate::{
    config::{DatabaseSettings, LogSettings},
    node::database_settings,
};

pub(super) fn run((database, log): &(DatabaseSettings, LogSettings), file: &Path) -> Result<(), String> {
    super::block_on(log, 1, async {
        let size = db::backup(&database_settings(database), file).await.map_err(|error| error.to_string())?;
        super::say(format!("{} holds all that was committed: {size} bytes, checked and on the disk.", file.display()))
    })
}
