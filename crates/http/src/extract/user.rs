//! Who is calling.

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web::Data};
use futures_util::future::{Either, LocalBoxFuture, Ready, ready};
use rondo_domain::account::{AccountError, Accounts, Actor};

use crate::{limits, problem::Failure};

/// The person whose access token came with the request.
pub(crate) struct CurrentUser(pub(crate) Actor);

impl FromRequest for CurrentUser {
    type Error = Failure;
    type Future = Either<Ready<Result<Self, Failure>>, LocalBoxFuture<'static, Result<Self, Failure>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match at_once(request) {
            Some(told) => Either::Left(ready(told)),
            None => Either::Right(Box::pin(in_time(request.clone()))),
        }
    }
}

/// Who is calling, where it can be told without waiting: with a login of which it is known whether it is in force, and
/// no limit to count for.
fn at_once(request: &HttpRequest) -> Option<Result<CurrentUser, Failure>> {
    if limits::counts_by_account(request) {
        return None;
    }
    let (Some(accounts), Some(token)) = (accounts(request), bearer(request)) else {
        return Some(Err(AccountError::Unauthenticated.into()));
    };
    let told = accounts.authenticate_at_once(token)?;
    Some(told.map(|actor| noted(request, actor)).map_err(Failure::from))
}

async fn in_time(request: HttpRequest) -> Result<CurrentUser, Failure> {
    let token = bearer(&request).ok_or(AccountError::Unauthenticated)?;
    let accounts = accounts(&request).ok_or(AccountError::Unauthenticated)?;
    let user = noted(&request, accounts.authenticate(token).await?);
    limits::take_by_account(&request, user.0.user).await?;
    Ok(user)
}

fn accounts(request: &HttpRequest) -> Option<&Data<Accounts>> {
    request.app_data()
}

/// Notes for the log who is calling.
fn noted(request: &HttpRequest, actor: Actor) -> CurrentUser {
    request.extensions_mut().insert(actor);
    CurrentUser(actor)
}

/// The access token of a request (RFC 6750; the scheme's name is taken without case).
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    bearer_in(str::from_utf8(request.headers().get(AUTHORIZATION)?.as_bytes()).ok()?)
}

/// The token in what stands in an `Authorization` header (RFC 6750), or in the same elsewhere.
pub(crate) fn bearer_in(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_its_scheme() {
        let read = |header: &str| {
            let request = TestRequest::get().insert_header((AUTHORIZATION, header)).to_http_request();
            bearer(&request).map(str::to_owned)
        };
        for header in ["Bearer abc", "bearer abc", "BEARER   abc "] {
            assert_eq!(read(header).as_deref(), Some("abc"), "{header}");
        }
        for header in ["", "abc", "Bearer", "Bearer ", "Basic abc", "Bearerabc"] {
            assert_eq!(read(header), None, "{header}");
        }
    }
}
