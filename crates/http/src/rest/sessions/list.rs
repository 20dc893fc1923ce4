//! `GET /api/sessions`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{page::ActivityKey, session::Sessions};
use rondo_wire::view::SessionPageView;

use crate::{
    extract::{CurrentUser, Paging, Params},
    problem::Failure,
};

/// List one's sessions
///
/// Those in which the caller is, newest activity first.
#[utoipa::path(
    get, path = "/api/sessions", tag = "sessions", operation_id = "listSessions", params(Paging<ActivityKey>),
    responses((status = 200, description = "A page of sessions", body = SessionPageView)),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.list", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Params(page): Params<Paging<ActivityKey>>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    let page = sessions.mine(&actor, page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(SessionPageView::from(&page)))
}
