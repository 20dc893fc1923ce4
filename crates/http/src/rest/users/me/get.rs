//! `GET /api/users/me`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::account::Accounts;
use rondo_wire::view::UserView;

use crate::{
    cache::{Answers, Asked},
    extract::CurrentUser,
    problem::Failure,
    rest::answer,
};

/// Look at oneself
///
/// The only place that shows an e-mail address: one's own.
#[utoipa::path(
    get, path = "/api/users/me", tag = "users", operation_id = "getMe",
    responses((status = 200, description = "Oneself", body = UserView)),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.users.me.get", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    accounts: Data<Accounts>,
    answers: Data<Answers>,
) -> Result<HttpResponse, Failure> {
    let accounts = accounts.into_inner();
    let me = move || async move { accounts.me(&actor).await.map(|user| answer::json(&UserView::own(&user))) };
    answers.serve(Asked::me(actor.user), me).await
}
