//! The refresh cookie, and the guard that keeps other sites from using it.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    dev::Payload,
    http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, ORIGIN},
    web::Data,
};
use rondo_domain::account::Grant;
use rondo_wire::{ErrorCode, Fault};

use crate::{extract::is_json, problem::Failure, state::AllowedOrigins};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// How the refresh token travels as a cookie.
pub(crate) struct RefreshCookies {
    name: &'static str,
    secure: bool,
    origins: AllowedOrigins,
}

impl RefreshCookies {
    pub(crate) fn new(secure: bool, origins: AllowedOrigins) -> Self {
        // The prefix makes browsers insist on Secure, Path=/ and this very host.
        let name = if secure { "__Host-rondo_refresh" } else { "rondo_refresh" };
        Self { name, secure, origins }
    }

    /// The cookie that carries a grant's refresh token.
    pub(crate) fn keep(&self, grant: &Grant) -> Cookie<'static> {
        let seconds = i64::try_from(grant.refresh_expires_in.as_secs()).unwrap_or(i64::MAX);
        self.cookie(grant.refresh_token.clone(), seconds)
    }

    /// An answer that makes the browser forget.
    pub(crate) fn forgotten(&self, mut answer: HttpResponse) -> HttpResponse {
        // A cookie of ours is a header of ASCII; there is nothing that could fail.
        let _ = answer.add_cookie(&self.cookie(String::new(), 0));
        answer
    }

    /// The token that the browser sent.
    fn sent(&self, request: &HttpRequest) -> Option<String> {
        let cookie = request.cookie(self.name)?;
        Some(cookie.value().to_owned()).filter(|token| !token.is_empty())
    }

    /// Whether the request was made by a page that may use the cookie. Browsers tell by `Sec-Fetch-Site` and `Origin`
    /// who asks, and let a form send anything but JSON; who sends neither header is no browser, and steals nobody's
    /// cookie.
    ///
    /// # Errors
    /// `forbidden`.
    fn guard(&self, headers: &HeaderMap) -> Result<(), Fault> {
        let origin = text(headers, ORIGIN);
        let site = text(headers, SEC_FETCH_SITE);
        let trusted = origin.is_some_and(|origin| self.trusts(origin));
        let near = site.is_none_or(|site| matches!(site, "same-origin" | "same-site" | "none"));
        let own = origin.is_none_or(|origin| is_own(origin, text(headers, HOST)));
        if trusted || (near && own) {
            Ok(())
        } else {
            Err(Fault::new(ErrorCode::Forbidden, "The refresh cookie may not be used by a page of another site."))
        }
    }

    /// Whether pages of this origin may come with cookies.
    fn trusts(&self, origin: &str) -> bool {
        self.origins != AllowedOrigins::Any && self.origins.allows(origin)
    }

    fn cookie(&self, value: String, seconds: i64) -> Cookie<'static> {
        Cookie::build(self.name, value)
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Strict)
            .max_age(Duration::seconds(seconds))
            .finish()
    }
}

/// The refresh cookie of a request, if it has one. A body that only a page of another site would send with it is
/// refused before it is read.
pub(crate) struct RefreshCookie {
    token: Option<String>,
    verdict: Result<(), Fault>,
}

impl RefreshCookie {
    /// The token, for who may use it.
    ///
    /// # Errors
    /// `forbidden` when there is one and it was sent by a page of another site.
    pub(crate) fn guarded(self) -> Result<Option<String>, Fault> {
        if self.token.is_some() {
            self.verdict?;
        }
        Ok(self.token)
    }
}

impl FromRequest for RefreshCookie {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let cookies = request.app_data::<Data<RefreshCookies>>();
        let token = cookies.and_then(|cookies| cookies.sent(request));
        if token.is_some() && text(request.headers(), CONTENT_TYPE).is_some_and(|media_type| !is_json(media_type)) {
            let detail = "The refresh cookie is taken with JSON or with no body at all.";
            return ready(Err(Fault::new(ErrorCode::Forbidden, detail).into()));
        }
        let verdict = cookies.map_or(Ok(()), |cookies| cookies.guard(request.headers()));
        ready(Ok(Self { token, verdict }))
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or(""))
}

/// Whether an origin is the host that was asked.
fn is_own(origin: &str, host: Option<&str>) -> bool {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    matches!((authority, host), (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::HeaderValue, test::TestRequest};

    use super::*;

    fn lets_in(origins: AllowedOrigins, headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        map.insert(HOST, HeaderValue::from_static("rondo.dev"));
        for (name, value) in headers {
            map.insert(name.parse().unwrap(), value.parse().unwrap());
        }
        RefreshCookies::new(true, origins).guard(&map).is_ok()
    }

    #[test]
    fn pages_of_this_very_host_may_use_the_cookie() {
        let nobody = || AllowedOrigins::Only(Vec::new());
        assert!(lets_in(nobody(), &[]), "no browser");
        for site in ["same-origin", "same-site", "none"] {
            assert!(lets_in(nobody(), &[("sec-fetch-site", site)]), "{site}");
        }
        for origin in ["https://rondo.dev", "http://rondo.dev", "https://RONDO.dev"] {
            assert!(lets_in(nobody(), &[("origin", origin), ("sec-fetch-site", "same-origin")]), "{origin}");
        }
        for origin in
            ["https://evil.dev", "https://rondo.dev.evil.dev", "https://rondo.dev:8443", "null", "", "rondo.dev"]
        {
            assert!(!lets_in(nobody(), &[("origin", origin)]), "{origin}");
            assert!(!lets_in(nobody(), &[("origin", origin), ("sec-fetch-site", "same-origin")]), "{origin}");
        }
        assert!(!lets_in(nobody(), &[("sec-fetch-site", "cross-site")]));
        assert!(!lets_in(nobody(), &[("sec-fetch-site", "")]));
    }

    #[test]
    fn pages_that_were_allowed_may_use_it_from_elsewhere() {
        let from = |origin| [("origin", origin), ("sec-fetch-site", "cross-site")];
        let known = || AllowedOrigins::Only(vec!["https://app.dev".to_owned()]);
        assert!(lets_in(known(), &from("https://app.dev")));
        assert!(!lets_in(known(), &from("https://evil.dev")));
        assert!(lets_in(AllowedOrigins::Localhost, &from("http://localhost:5173")));
        assert!(!lets_in(AllowedOrigins::Any, &from("https://app.dev")), "any origin means none with cookies");
    }

    #[test]
    fn only_the_cookie_of_the_right_name_counts() {
        let sent = |secure, cookies: &str| {
            let request = TestRequest::post().insert_header(("cookie", cookies)).to_http_request();
            RefreshCookies::new(secure, AllowedOrigins::Localhost).sent(&request)
        };
        assert_eq!(sent(false, "a=b; rondo_refresh=abc").as_deref(), Some("abc"));
        assert_eq!(sent(true, "__Host-rondo_refresh=abc").as_deref(), Some("abc"));
        assert_eq!(sent(true, "rondo_refresh=abc"), None, "another site of the same domain could have set it");
        assert_eq!(sent(false, "rondo_refresh="), None);
        assert_eq!(sent(false, "rondo_refresh"), None);
    }
}
