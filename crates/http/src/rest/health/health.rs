//! `GET /health`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{store::Store, vitals::Vitals};
use rondo_wire::view::HealthView;

use super::{Release, verdict};
use crate::state::Draining;

/// How is the server
///
/// Part by part, for people and for monitors.
#[utoipa::path(
    get, path = "/health", tag = "health", operation_id = "health",
    responses(
        (status = 200, description = "It serves; `degraded` when what nodes share is away", body = HealthView),
        (status = 503, description = "It cannot serve: the database is away, or it is stopping", body = HealthView),
    ),
)]
#[tracing::instrument(level = "debug", name = "http.health", skip_all)]
pub(crate) async fn handle(
    store: Data<dyn Store>,
    vitals: Data<dyn Vitals>,
    draining: Data<Draining>,
    release: Data<Release>,
) -> HttpResponse {
    verdict(&**store, &**vitals, &draining, &release).await
}
