//! `DELETE /api/sessions/{id}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{SessionId, session::Sessions};
use rondo_wire::view::Problem;

use crate::{
    extract::{CurrentUser, PathId},
    problem::Failure,
};

/// Delete a session
///
/// For its owners. Its members hear `session:delete`, and can still read its events for a while.
#[utoipa::path(
    delete, path = "/api/sessions/{id}", tag = "sessions", operation_id = "deleteSession",
    params(("id" = Uuid, Path, description = "Which session")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "Only owners delete a session", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.delete", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    sessions.delete(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
