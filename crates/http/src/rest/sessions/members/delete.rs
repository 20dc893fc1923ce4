//! `DELETE /api/sessions/{id}/members/{userId}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{SessionId, UserId, session::Members};
use rondo_wire::view::Problem;

use crate::{
    extract::{CurrentUser, PathIds},
    problem::Failure,
};

/// Remove a member
///
/// Owners remove anybody, moderators members and viewers, and everybody themselves, which is leaving. The members hear
/// `member:remove`; who is removed loses the room at once and is notified.
#[utoipa::path(
    delete, path = "/api/sessions/{id}/members/{userId}", tag = "members", operation_id = "removeMember",
    params(
        ("id" = Uuid, Path, description = "Which session"),
        ("userId" = Uuid, Path, description = "Which member"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 403, description = "The caller's role does not allow it, or they have not joined", body = Problem),
        (status = 409, description = "The last owner cannot be removed", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.members.delete", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathIds(id, user): PathIds<SessionId, UserId>,
    members: Data<Members>,
) -> Result<HttpResponse, Failure> {
    members.remove(&actor, id, user).await?;
    Ok(HttpResponse::NoContent().finish())
}
