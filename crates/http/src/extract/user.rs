//! Who is calling.

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web::Data};
use futures_util::future::LocalBoxFuture;
use rondo_domain::account::{AccountError, Accounts, Actor};

use crate::{limits, problem::Failure};

/// The person whose access token came with the request.
pub(crate) struct CurrentUser(pub(crate) Actor);

impl FromRequest for CurrentUser {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let accounts = request.app_data::<Data<Accounts>>().ok_or(AccountError::Unauthenticated)?;
            let token = bearer(&request).ok_or(AccountError::Unauthenticated)?;
            let actor = accounts.authenticate(token).await?;
            request.extensions_mut().insert(actor); // for the log
            limits::take_by_account(&request, actor.user).await?;
            Ok(Self(actor))
        })
    }
}

/// The access token of a request (RFC 6750; the scheme's name is taken without case).
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
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
