//! `GET /api/auth/logins`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{LoginId, account::Accounts};
use rondo_wire::view::LoginPageView;

use crate::{
    extract::{CurrentUser, Paging, Params},
    problem::Failure,
};

/// List one's logins
///
/// Where the caller is signed in, the newest login first; `current` marks the one by which this request came.
#[utoipa::path(
    get, path = "/api/auth/logins", tag = "auth", operation_id = "listLogins",
    params(Paging<LoginId>),
    responses(
        (status = 200, description = "A page of the logins that are in force", body = LoginPageView),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.auth.logins.list", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Params(page): Params<Paging<LoginId>>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Failure> {
    let page = accounts.logins(&actor, page.after, page.limit).await?;
    Ok(HttpResponse::Ok().json(LoginPageView::from(&page)))
}
