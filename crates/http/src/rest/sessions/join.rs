//! `POST /api/sessions/{id}/join`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    SessionId,
    session::{Session, Sessions},
};
use rondo_wire::view::SessionView;

use crate::{
    extract::{CurrentUser, Keyed, NoBody, PathId},
    problem::Failure,
    rest::answer,
};

/// Join a public session
///
/// Makes the caller a member; without effect for who is in already. The members hear `member:update`. A private
/// session is entered by invitation alone.
#[utoipa::path(
    post, path = "/api/sessions/{id}/join", tag = "sessions", operation_id = "joinSession",
    params(("id" = Uuid, Path, description = "Which session")),
    responses((status = 200, description = "The session as a member sees it", body = SessionView)),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.join", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Keyed(NoBody, once): Keyed<NoBody>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    let joined = |session: &Session| answer::ok(&SessionView::from(session));
    once.run(&actor, joined, |guard| sessions.join(&actor, id, guard)).await
}
