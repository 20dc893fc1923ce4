//! `GET /api/sessions`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    page::ActivityKey,
    session::{SessionError, Sessions},
};
use rondo_wire::view::SessionPageView;

use crate::{
    cache::{Answers, Asked},
    extract::{CurrentUser, Paging, Params},
    problem::Failure,
    rest::answer,
};

/// List one's sessions
///
/// Those in which the caller is, newest activity first. What the caller does shows at once, what others do within two
/// seconds.
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
    answers: Data<Answers>,
) -> Result<HttpResponse, Failure> {
    let Paging { limit, after } = page;
    if after.is_some() {
        let page = sessions.mine(&actor, after, limit).await?;
        return Ok(HttpResponse::Ok().json(SessionPageView::from(&page)));
    }
    let sessions = sessions.into_inner();
    let first = move || async move {
        let page = sessions.mine(&actor, None, limit).await?;
        Ok::<_, SessionError>(answer::json(&SessionPageView::from(&page)))
    };
    answers.serve(Asked::sessions(actor.user, limit), first).await
}
