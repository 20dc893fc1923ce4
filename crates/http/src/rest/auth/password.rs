//! `POST /api/auth/password`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::account::Accounts;
use rondo_wire::{body::ChangePassword, view::Problem};

use crate::{
    extract::{Body, CurrentUser},
    problem::Failure,
};

/// Change one's password
///
/// Every other login of the caller is ended; this one goes on.
#[utoipa::path(
    post, path = "/api/auth/password", tag = "auth", operation_id = "changePassword",
    request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed"),
        (status = 422, body = Problem,
            description = "A password that breaks a rule, or a wrong `currentPassword`; `errors` names the field"),
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.auth.password", skip_all)]
pub(crate) async fn handle(
    CurrentUser(actor): CurrentUser,
    Body(body): Body<ChangePassword>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Failure> {
    let (current, new) = body.check()?;
    accounts.change_password(&actor, &current, new).await?;
    Ok(HttpResponse::NoContent().finish())
}
