//! `GET /api/sessions/{id}/presence`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    SessionId,
    presence::{Presences, RollKey},
};
use rondo_wire::view::{PresencePageView, Problem};

use crate::{
    extract::{CurrentUser, Paging, Params, PathId},
    problem::Failure,
};

/// List who is there
///
/// Whoever has a connection in the session's room, the longest present first; each person once, however many tabs.
#[utoipa::path(
    get, path = "/api/sessions/{id}/presence", tag = "presence", operation_id = "listPresence",
    params(("id" = Uuid, Path, description = "Which session"), Paging<RollKey>),
    responses(
        (status = 200, description = "A page of those who are present", body = PresencePageView),
        (status = 403, description = "The caller has not joined this public session", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.presence", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Params(page): Params<Paging<RollKey>>,
    presences: Data<Presences>,
) -> Result<HttpResponse, Failure> {
    let page = presences.list(&actor, id, page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(PresencePageView::from(&page)))
}
