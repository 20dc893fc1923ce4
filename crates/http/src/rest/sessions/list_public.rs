//! `GET /api/sessions/public`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{page::ActivityKey, session::Sessions};
use rondo_wire::view::SessionPageView;
use utoipa::IntoParams;

use crate::{
    extract::{CurrentUser, Noted, Paging, Parameters, Params, Reader},
    problem::Failure,
};

/// What to look for among the public sessions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct Search {
    /// A part of the name, without case; left out, all of them.
    #[param(value_type = Option<String>, max_length = 100)]
    query: Option<String>,
}

impl Parameters for Search {
    fn read(reader: &mut Reader) -> Result<Self, Noted> {
        Ok(Self { query: reader.text("query", 100)? })
    }
}

/// Find public sessions
///
/// Public sessions to join, newest activity first. Those in which the caller is already show their `role`.
#[utoipa::path(
    get, path = "/api/sessions/public", tag = "sessions", operation_id = "listPublicSessions",
    params(Search, Paging<ActivityKey>),
    responses((status = 200, description = "A page of sessions", body = SessionPageView)),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.sessions.list_public", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Params((search, page)): Params<(Search, Paging<ActivityKey>)>,
    sessions: Data<Sessions>,
) -> Result<HttpResponse, Failure> {
    let page = sessions.public(&actor, search.query.as_deref(), page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(SessionPageView::from(&page)))
}
