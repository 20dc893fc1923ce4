//! Keeps pages of other sites from having a browser ask here without the preflight that lets us refuse them (CSRF).
//!
//! The rule is Apollo Server's: a request must carry what a browser does not send across sites without asking first, a
//! `Content-Type` of its own kind or one of two headers. Here it holds for whoever may be a browser; a client that sends
//! none of a browser's marks is none, and nobody's page can make it ask.

use actix_web::http::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, ORIGIN, REFERER};
use rondo_wire::{ErrorCode, Fault};

/// The headers of which either shows that there was a preflight.
pub(crate) const PROOFS: [HeaderName; 2] =
    [HeaderName::from_static("apollo-require-preflight"), HeaderName::from_static("x-apollo-operation-name")];

/// What browsers send, and programs do not.
const MARKS: [HeaderName; 4] = [HeaderName::from_static("sec-fetch-site"), ORIGIN, REFERER, COOKIE];

/// The types that forms send.
const SIMPLE: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

/// Whether a request that is read from its query string may be run.
///
/// # Errors
/// `bad_request`.
pub(super) fn guard(headers: &HeaderMap) -> Result<(), Fault> {
    let proven =
        PROOFS.iter().any(|name| headers.get(name).is_some_and(|value| !value.is_empty())) || is_unusual(headers);
    if proven || !MARKS.iter().any(|name| headers.contains_key(name)) {
        return Ok(());
    }
    let detail = "This request may come from a page of another site. Send it with a header `apollo-require-preflight`, \
                  or by POST as application/json.";
    Err(Fault::new(ErrorCode::BadRequest, detail))
}

/// Whether the `Content-Type` is one for which browsers ask first.
fn is_unusual(headers: &HeaderMap) -> bool {
    let Some(media_type) = headers.get(CONTENT_TYPE) else { return false };
    let essence = media_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    !essence.is_empty() && essence.contains('/') && !SIMPLE.iter().any(|simple| essence.eq_ignore_ascii_case(simple))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn passes(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        guard(&map).is_ok()
    }

    #[test]
    fn a_browser_must_have_asked_first() {
        assert!(passes(&[]) && passes(&[("user-agent", "curl/8"), ("accept", "*/*")]));
        for mark in
            [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("cookie", "a=b"), ("referer", "x")]
        {
            assert!(!passes(&[mark]), "{mark:?}");
            for proof in ["apollo-require-preflight", "x-apollo-operation-name"] {
                assert!(passes(&[mark, (proof, "1")]) && !passes(&[mark, (proof, "")]));
            }
            assert!(passes(&[mark, ("content-type", "application/json; charset=utf-8")]));
            for simple in ["text/plain", "Text/Plain;charset=utf-8", "multipart/form-data; boundary=x", "", "nonsense"]
            {
                assert!(!passes(&[mark, ("content-type", simple)]), "{simple}");
            }
        }
    }
}
