//! `GET /health/ready`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{store::Store, vitals::Vitals};
use rondo_wire::view::HealthView;

use super::{Release, verdict};
use crate::state::Draining;

/// May it get traffic
///
/// For load balancers: not while the database is away, nor while the server is stopping.
#[utoipa::path(
    get, path = "/health/ready", tag = "health", operation_id = "ready",
    responses(
        (status = 200, description = "It may", body = HealthView),
        (status = 503, description = "It may not", body = HealthView),
    ),
)]
#[tracing::instrument(level = "debug", name = "http.health.ready", skip_all)]
pub(crate) async fn handle(
    store: Data<dyn Store>,
    vitals: Data<dyn Vitals>,
    draining: Data<Draining>,
    release: Data<Release>,
) -> HttpResponse {
    verdict(&**store, &**vitals, &draining, &release).await
}
