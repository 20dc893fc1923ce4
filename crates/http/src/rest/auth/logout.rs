//! `POST /api/auth/logout`

use actix_web::{HttpRequest, HttpResponse, web::Data};
use rondo_domain::account::{AccountError, Accounts};
use rondo_wire::{Fault, body::Refresh, view::Problem};

use crate::{
    cookies::{RefreshCookie, RefreshCookies},
    extract::{OptionalBody, bearer},
    problem::Failure,
};

/// Sign out
///
/// Ends the login of the refresh token in the body, else of the one in the cookie, else of the access token, and
/// clears the cookie. A token that is not good any more is as good as signed out.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "auth", operation_id = "logout", request_body = Option<Refresh>,
    responses(
        (status = 204, description = "Signed out",
            headers(("Set-Cookie" = String, description = "Clears the refresh cookie"))),
        (status = 403, description = "The cookie was sent by a page of another site", body = Problem),
    ),
    security((), ("bearer" = [])),
)]
#[tracing::instrument(level = "debug", name = "http.auth.logout", skip_all)]
pub(crate) async fn handle(
    request: HttpRequest,
    cookie: RefreshCookie,
    OptionalBody(body): OptionalBody<Refresh>,
    accounts: Data<Accounts>,
    cookies: Data<RefreshCookies>,
) -> Result<HttpResponse, Failure> {
    let cookie = cookie.guarded()?; // also when the body has a token: the cookie is cleared in any case
    match (body.and_then(|body| body.refresh_token).or(cookie), bearer(&request)) {
        (Some(token), _) => accounts.logout_by_refresh_token(&token).await?,
        (None, Some(token)) => by_access_token(&accounts, token).await?,
        (None, None) => {}
    }
    Ok(cookies.forgotten(HttpResponse::NoContent().finish()))
}

async fn by_access_token(accounts: &Accounts, token: &str) -> Result<(), Fault> {
    let ended = match accounts.authenticate(token).await {
        Ok(actor) => accounts.logout(&actor).await,
        Err(error) => Err(error),
    };
    match ended {
        Err(AccountError::Unauthenticated | AccountError::TokenExpired) => Ok(()),
        other => other.map_err(Fault::from),
    }
}
