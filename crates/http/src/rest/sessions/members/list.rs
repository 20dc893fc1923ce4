//! `GET /api/sessions/{id}/members`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{SessionId, page::MemberKey, session::Members};
use rondo_wire::view::{MembershipPageView, Problem};

use crate::{
    extract::{CurrentUser, Paging, Params, PathId},
    problem::Failure,
};

/// List members
///
/// Who is in the session and as what, by the time of their coming.
#[utoipa::path(
    get, path = "/api/sessions/{id}/members", tag = "members", operation_id = "listMembers",
    params(("id" = Uuid, Path, description = "Which session"), Paging<MemberKey>),
    responses(
        (status = 200, description = "A page of members", body = MembershipPageView),
        (status = 403, description = "The caller has not joined this public session", body = Problem),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.members.list", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<SessionId>,
    Params(page): Params<Paging<MemberKey>>,
    members: Data<Members>,
) -> Result<HttpResponse, Failure> {
    let page = members.list(&actor, id, page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(MembershipPageView::from(&page)))
}
