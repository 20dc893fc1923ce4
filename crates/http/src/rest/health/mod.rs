//! `/health`: how the server is, for people and for orchestrators.

#[expect(clippy::module_inception, reason = "the file mirrors the URL")]
pub(super) mod health;
pub(super) mod live;
pub(super) mod ready;

use std::time::Duration;

use actix_web::HttpResponse;
use rondo_domain::store::Store;
use rondo_wire::view::{CheckState, HealthChecks, HealthState, HealthView};

pub(crate) use live::LiveAnswer;

use crate::state::Draining;

/// How long the database may take to give a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);

/// The release, for those who ask how it is.
pub(crate) struct Release(pub(crate) &'static str);

/// Whether the server takes work. The cache and the bus are parts of this process and live as long as it does.
async fn verdict(store: &dyn Store, draining: &Draining, release: &Release) -> HttpResponse {
    let alive = matches!(tokio::time::timeout(PATIENCE, store.ping()).await, Ok(Ok(())));
    let database = if alive { CheckState::Ok } else { CheckState::Error };
    let well = alive && !draining.began();
    let status = if well { HealthState::Ok } else { HealthState::Error };
    let checks = Some(HealthChecks { database, cache: CheckState::Ok, bus: CheckState::Ok });
    let mut answer = if well { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(HealthView { status, version: release.0, checks })
}
