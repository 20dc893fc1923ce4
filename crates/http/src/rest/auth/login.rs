//! `POST /api/auth/login`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::{
    account::{Accounts, Email},
    limits::{Key, Rule},
};
use rondo_wire::{
    body::Login,
    view::{AuthTokens, Problem},
};

use crate::{
    cookies::RefreshCookies,
    extract::{Body, ClientOrigin},
    limits::Limiter,
    problem::Failure,
};

/// Sign in
///
/// Answers with an access token, and sets the refresh token as a cookie. Clients that keep no cookies ask for it in
/// the body with `includeRefreshToken`. Wrong credentials are answered alike, whether the address has an account or
/// not.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "auth", operation_id = "login", request_body = Login,
    responses(
        (status = 200, description = "Signed in", body = AuthTokens,
            headers(("Set-Cookie" = String, description = "The refresh token, as a cookie that scripts cannot read"))),
        (status = 401, description = "The e-mail or the password is wrong", body = Problem,
            example = json!("invalid_credentials")),
    ),
)]
#[tracing::instrument(level = "debug", name = "http.auth.login", skip_all)]
pub(crate) async fn handle(
    ClientOrigin(origin): ClientOrigin,
    Body(body): Body<Login>,
    limiter: Limiter,
    accounts: Data<Accounts>,
    cookies: Data<RefreshCookies>,
) -> Result<HttpResponse, Failure> {
    // Before the password is looked at: a flood of attempts must not keep the hashing from others.
    if let Ok(email) = Email::parse(&body.email) {
        limiter.take(Rule::LoginByAccount, Key::Email(email.as_str())).await?;
    }
    let include_refresh_token = body.include_refresh_token;
    let grant = accounts.login(body.into(), origin).await?;
    Ok(HttpResponse::Ok().cookie(cookies.keep(&grant)).json(AuthTokens::of(&grant, include_refresh_token)))
}
