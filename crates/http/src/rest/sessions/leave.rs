//! `POST /api/sessions/{id}/leave`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{SessionId, session::Sessions};
use rondo_wire::view::Problem;

use crate::{
    extract::{CurrentUser, Keyed, NoBody, PathId},
    problem::Failure,
    rest::answer,
};

/// Leave a session
///
/// Ends the caller's membership. The others hear `member:remove`.
#[utoipa::path(
    post, path = "/api/sessions/{id}/leave", tag = "sessions", operation_id = "leaveSession",
    params(("id" = Uuid, Path, description = "Which session")),
    responses(
        (status = 204, description = "Left"),
        (status = 403, description = "The caller is not a member of this public session", body = Problem),
        (status = 409, description = "The last owner cannot leave", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.leave", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Keyed(NoBody, once): Keyed<NoBody>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    once.run(&actor, |()| answer::no_content(), |guard| sessions.leave(&actor, id, guard)).await
}
