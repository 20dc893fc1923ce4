//! `GET /api/sessions/{id}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{SessionId, session::Sessions};
use rondo_wire::view::SessionView;

use crate::{
    extract::{CurrentUser, PathId},
    problem::Failure,
};

/// Look at a session
///
/// A public session shows itself to any signed-in person, with `role: null` to outsiders; a private one is 404 to
/// them.
#[utoipa::path(
    get, path = "/api/sessions/{id}", tag = "sessions", operation_id = "getSession",
    params(("id" = Uuid, Path, description = "Which session")),
    responses((status = 200, description = "The session", body = SessionView)),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.get", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    let session = sessions.get(&actor, id).await?;
    Ok(HttpResponse::Ok().json(SessionView::from(&session)))
}
