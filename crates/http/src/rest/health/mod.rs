//! `/health`: how the server is, for people and for orchestrators.

#[expect(clippy::module_inception, reason = "the file mirrors the URL")]
pub(super) mod health;
pub(super) mod live;
pub(super) mod ready;

use std::time::Duration;

use actix_web::HttpResponse;
use rondo_domain::{store::Store, vitals::Vitals};
use rondo_wire::view::{CheckState, HealthChecks, HealthState, HealthView};

pub(crate) use live::LiveAnswer;

use crate::state::Draining;

/// How long the database may take to give a sign of life.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// The release, for those who ask how it is.
pub(crate) struct Release(pub(crate) &'static str);

/// Whether the server takes work. Without what nodes share it does, as well as it can.
async fn verdict(store: &dyn Store, vitals: &dyn Vitals, draining: &Draining, release: &Release) -> HttpResponse {
    let alive = matches!(tokio::time::timeout(PATIENCE, store.ping()).await, Ok(Ok(())));
    let (cache, bus) = (vitals.cache_is_up(), vitals.bus_is_up());
    let status = match alive && !draining.began() {
        true if cache && bus => HealthState::Ok,
        true => HealthState::Degraded,
        false => HealthState::Error,
    };
    let check = |well| if well { CheckState::Ok } else { CheckState::Error };
    let checks = Some(HealthChecks { database: check(alive), cache: check(cache), bus: check(bus) });
    let mut answer = match status {
        HealthState::Ok | HealthState::Degraded => HttpResponse::Ok(),
        HealthState::Error => HttpResponse::ServiceUnavailable(),
    };
    answer.json(HealthView { status, version: release.0, checks })
}
