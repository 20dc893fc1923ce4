//! `GET /health/live`

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_TYPE, HeaderValue},
    web::Data,
};
use bytes::Bytes;
use rondo_wire::view::{HealthState, HealthView};

/// The one answer that there is, made at start.
pub(crate) struct LiveAnswer(Bytes);

impl LiveAnswer {
    pub(crate) fn new(version: &'static str) -> Self {
        let view = HealthView { status: HealthState::Ok, version, checks: None };
        Self(serde_json::to_vec(&view).unwrap_or_default().into())
    }
}

/// Is the process alive
///
/// Looks at nothing but the process: whoever answers is alive.
#[utoipa::path(
    get, path = "/health/live", tag = "health", operation_id = "live",
    responses((status = 200, description = "It is", body = HealthView,
        example = json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}))),
)]
pub(crate) async fn handle(answer: Data<LiveAnswer>) -> HttpResponse {
    let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    HttpResponse::Ok().insert_header(json).body(answer.0.clone())
}
