//! `rondo seed`: writes what is missing of the demo data, whatever else is in the database.

use std::sync::Arc;

use rondo_domain::clock::SystemClock;
use rondo_infra::bus::MemoryBus;

use crate::{config::Settings, demo, node::Core};

pub(super) fn run(settings: &Settings) -> Result<(), String> {
    if settings.app_env.is_production() {
        return Err("the demo data has no place in production (APP_ENV=production)".to_owned());
    }
    super::block_on(&settings.log, settings.http.workers, seed(settings))
}

async fn seed(settings: &Settings) -> Result<(), String> {
    // Nodes that run find what was written here in the log.
    let (bus, clock) = (Arc::new(MemoryBus::new()), Arc::new(SystemClock));
    let core = Core::open(settings, bus, clock).await.map_err(|error| error.to_string())?;
    let seeded = core.stage().seed().await;
    core.close().await;
    let messages = seeded.map_err(|error| error.to_string())?;
    let (email, password) = demo::LOGIN;
    super::say(format!("The demo data is there; messages written now: {messages}. Log in as {email} / {password}"))
}
