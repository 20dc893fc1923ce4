//! `PATCH /api/sessions/{id}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    SessionId,
    session::{Session, SessionChange, Sessions},
};
use rondo_wire::{
    body::UpdateSession,
    view::{Problem, SessionView},
};

use crate::{
    extract::{Body, CurrentUser, Keyed, PathId},
    problem::Failure,
    rest::answer,
};

/// Change a session
///
/// For its owners. What is left out stays as it is; `null` empties a field. Its members hear `session:update`.
#[utoipa::path(
    patch, path = "/api/sessions/{id}", tag = "sessions", operation_id = "updateSession",
    params(("id" = Uuid, Path, description = "Which session")), request_body = UpdateSession,
    responses(
        (status = 200, description = "The session, changed", body = SessionView),
        (status = 403, description = "Only owners change a session", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.update", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Keyed(Body(body), once): Keyed<Body<UpdateSession>>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    let change = SessionChange::try_from(body)?;
    let changed = |session: &Session| answer::ok(&SessionView::from(session));
    once.run(&actor, changed, |guard| sessions.update(&actor, id, change, guard)).await
}
