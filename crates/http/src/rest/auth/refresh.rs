//! `POST /api/auth/refresh`

use actix_web::{HttpResponse, web::Data};
use rondo_domain::account::{AccountError, Accounts};
use rondo_wire::{
    Fault,
    body::Refresh,
    view::{AuthTokens, Problem},
};

use crate::{
    cookies::{RefreshCookie, RefreshCookies},
    extract::OptionalBody,
    problem::Failure,
};

/// Get new tokens
///
/// Spends a refresh token for a new pair. A token in the body is answered with its successor in the body; without one
/// the cookie counts and gets its successor as a cookie. A token that was spent before ends the login, unless it was
/// within 30 s and its successor is still unused (a lost answer, two tabs).
#[utoipa::path(
    post, path = "/api/auth/refresh", tag = "auth", operation_id = "refresh", request_body = Option<Refresh>,
    responses(
        (status = 200, description = "The next pair of tokens", body = AuthTokens,
            headers(("Set-Cookie" = String, description = "The next refresh token, if the last one came as a cookie"))),
        (status = 401, description = "No refresh token, or one that is not good any more", body = Problem,
            headers(("Set-Cookie" = String, description = "Clears the cookie, if the token came as one"))),
        (status = 403, description = "The cookie was sent by a page of another site", body = Problem),
    ),
)]
#[tracing::instrument(level = "debug", name = "http.auth.refresh", skip_all)]
pub(crate) async fn handle(
    cookie: RefreshCookie,
    OptionalBody(body): OptionalBody<Refresh>,
    accounts: Data<Accounts>,
    cookies: Data<RefreshCookies>,
) -> Result<HttpResponse, Failure> {
    if let Some(token) = body.and_then(|body| body.refresh_token) {
        let grant = accounts.refresh(&token).await?;
        return Ok(HttpResponse::Ok().json(AuthTokens::of(&grant, true)));
    }
    let token = cookie.guarded()?.ok_or(AccountError::Unauthenticated)?;
    match accounts.refresh(&token).await.map_err(Fault::from) {
        Ok(grant) => Ok(HttpResponse::Ok().cookie(cookies.keep(&grant)).json(AuthTokens::of(&grant, false))),
        Err(fault) if fault.code.status() == 401 => {
            Ok(cookies.forgotten(HttpResponse::from_error(Failure::from(fault))))
        }
        Err(fault) => Err(fault.into()),
    }
}
