//! `rondo migrate`: brings the schema of the database up to date, or takes its latest change back.

use rondo_domain::store::StoreError;
use rondo_infra::db::Database;

use crate::{
    config::{DatabaseSettings, LogSettings},
    node::database_settings,
};

pub(super) fn run((database, log): &(DatabaseSettings, LogSettings), down: bool) -> Result<(), String> {
    super::block_on(log, 1, async {
        let done = change(database, down).await.map_err(|error| error.to_string())?;
        super::say(done)
    })
}

async fn change(settings: &DatabaseSettings, down: bool) -> Result<&'static str, StoreError> {
    let database = Database::connect(&database_settings(settings)).await?;
    let changed = if down { database.revert(Some(1)).await } else { database.migrate().await };
    database.close().await;
    changed?;
    Ok(if down { "The latest change of the database was taken back." } else { "The database is up to date." })
}
