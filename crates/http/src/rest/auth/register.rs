//! `POST /api/auth/register`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::account::{Accounts, Registration};
use rondo_wire::{
    body::Register,
    view::{AuthTokens, Problem},
};

use crate::{
    cookies::RefreshCookies,
    extract::{Body, ClientOrigin},
    problem::Failure,
};

/// Make an account
///
/// Makes an account and signs it in. The refresh token comes as a cookie; the access token goes into the
/// `Authorization` header of everything else.
#[utoipa::path(
    post, path = "/api/auth/register", tag = "auth", operation_id = "register", request_body = Register,
    responses(
        (status = 201, description = "The account, signed in", body = AuthTokens,
            headers(("Set-Cookie" = String, description = "The refresh token, as a cookie that scripts cannot read"))),
        (status = 409, description = "The address has an account already", body = Problem),
    ),
)]
#[tracing::instrument(level = "debug", name = "http.auth.register", skip_all)]
pub(crate) async fn handle(
    ClientOrigin(origin): ClientOrigin,
    Body(body): Body<Register>,
    accounts: Data<Accounts>,
    cookies: Data<RefreshCookies>,
) -> Result<HttpResponse, Failure> {
    let grant = accounts.register(Registration::try_from(body)?, origin).await?;
    Ok(HttpResponse::Created().cookie(cookies.keep(&grant)).json(AuthTokens::of(&grant, false)))
}
