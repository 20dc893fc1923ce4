//! `GET /api/users/me`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::account::Accounts;
use rondo_wire::view::UserView;

use crate::{extract::CurrentUser, problem::Failure};

/// Look at oneself
///
/// The only place that shows an e-mail address: one's own.
#[utoipa::path(
    get, path = "/api/users/me", tag = "users", operation_id = "getMe",
    responses((status = 200, description = "Oneself", body = UserView)),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.users.me.get", skip_all)]
pub(crate) async fn handle(CurrentUser(actor): CurrentUser, accounts: Data<Accounts>) -> Result<HttpResponse, Failure> {
    let user = accounts.me(&actor).await?;
    Ok(HttpResponse::Ok().json(UserView::own(&user)))
}
