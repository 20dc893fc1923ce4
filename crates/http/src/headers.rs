//! Headers that every answer carries, whatever it says.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_DNS_PREFETCH_CONTROL, X_FRAME_OPTIONS, X_XSS_PROTECTION,
};

use crate::request_id;

/// The set that Helmet gives, in its strictest form: browsers take no answer for anything but what it says it is, show
/// none in a frame or to a window of others, tell nobody of our addresses, and come back over TLS once they came so.
const STAMP: [(HeaderName, HeaderValue); 11] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
    (X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (X_XSS_PROTECTION, HeaderValue::from_static("0")),
];

/// What an answer that says nothing else may load or be framed in: nothing. The documentation says its own.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Stamps the answer to a request for `path`.
pub(crate) fn stamp(headers: &mut HeaderMap, path: &str, request_id: HeaderValue) {
    headers.insert(request_id::HEADER, request_id);
    for (name, value) in STAMP {
        headers.insert(name, value);
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, NOTHING);
    }
    // Answers depend on who asks and when. What has a tag may be kept by who asked, who then asks whether it still holds;
    // what else may be kept says so itself.
    if (path.starts_with("/api") || path.starts_with("/health")) && !headers.contains_key(CACHE_CONTROL) {
        let rule = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(rule));
    }
}
