//! `DELETE /api/auth/logins/{id}`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{LoginId, account::Accounts};

use crate::{
    extract::{CurrentUser, PathId},
    problem::Failure,
};

/// End a login
///
/// Its sockets are closed at once, and its tokens are refused within 5 s on every node. Ending the login by which the
/// request came is signing out.
#[utoipa::path(
    delete, path = "/api/auth/logins/{id}", tag = "auth", operation_id = "endLogin",
    params(("id" = Uuid, Path, description = "Which login")),
    responses(
        (status = 204, description = "Ended"),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.auth.logins.delete", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    PathId(id): PathId<LoginId>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Failure> {
    accounts.end_login(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
