//! `GET /api/auth/logins`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::account::Accounts;
use rondo_wire::view::{LoginPageView, LoginView};

use crate::{extract::CurrentUser, problem::Failure};

/// List one's logins
///
/// Where the caller is signed in, the newest login first. They are few: the answer is the whole list.
#[utoipa::path(
    get, path = "/api/auth/logins", tag = "auth", operation_id = "listLogins",
    responses(
        (status = 200, description = "The logins that are in force", body = LoginPageView),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.auth.logins.list", skip_all)]
pub(crate) async fn handle(CurrentUser(actor): CurrentUser, accounts: Data<Accounts>) -> Result<HttpResponse, Failure> {
    let logins = accounts.logins(&actor).await?;
    let items = logins.iter().map(LoginView::from).collect();
    Ok(HttpResponse::Ok().json(LoginPageView { items, next_cursor: None }))
}
