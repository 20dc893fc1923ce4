//! GraphiQL, from the binary itself, and the schema as text.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
};
use bytes::Bytes;
use rondo_wire::{ErrorCode, Fault};

use crate::problem::Failure;

/// Scripts, styles and calls of this server alone. The editor writes styles into its elements and has pictures in its
/// own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("../../assets/graphiql/page.html");

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// A file of the page: its name, its type, its bytes, and whether they are packed with gzip.
type Asset = (&'static str, &'static str, &'static [u8], bool);

const ASSETS: [Asset; 6] = [
    ("graphiql.min.js", SCRIPT, include_bytes!("../../assets/graphiql/graphiql.min.js.gz"), true),
    ("graphiql.min.css", STYLE, include_bytes!("../../assets/graphiql/graphiql.min.css.gz"), true),
    ("react.min.js", SCRIPT, include_bytes!("../../assets/graphiql/react.min.js.gz"), true),
    ("react-dom.min.js", SCRIPT, include_bytes!("../../assets/graphiql/react-dom.min.js.gz"), true),
    ("page.js", SCRIPT, include_bytes!("../../assets/graphiql/page.js"), false),
    ("page.css", STYLE, include_bytes!("../../assets/graphiql/page.css"), false),
];

/// The schema in its own language.
pub(super) static SCHEMA: LazyLock<Bytes> = LazyLock::new(|| rondo_graphql::sdl().into());

/// Whether somebody looks at the address with a browser, and does not ask anything yet.
pub(super) fn is_wanted(request: &HttpRequest) -> bool {
    let accepts =
        |value: &str| value.split(',').any(|range| range.trim_start().to_ascii_lowercase().starts_with("text/html"));
    let asks = |pair: &str| pair.starts_with("query=") || pair.starts_with("extensions=");
    request.method() == Method::GET
        && request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(accepts)
        && !request.query_string().split('&').any(asks)
}

pub(super) fn page() -> HttpResponse {
    let kind = (CONTENT_TYPE, "text/html; charset=utf-8");
    HttpResponse::Ok().insert_header(kind).insert_header((CONTENT_SECURITY_POLICY, POLICY)).body(PAGE)
}

pub(super) async fn asset(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let name = request.match_info().get("file").unwrap_or_default();
    let asset = ASSETS.into_iter().find(|(known, ..)| *known == name);
    let (_, kind, bytes, packed) =
        asset.ok_or_else(|| Fault::new(ErrorCode::NotFound, "There is nothing at this address."))?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, kind)).insert_header((CACHE_CONTROL, "public, max-age=3600"));
    if packed {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(Bytes::from_static(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_page_needs_is_in_the_binary() {
        let needed = PAGE.split('"').filter_map(|text| text.strip_prefix("/graphql/assets/"));
        for name in needed.clone() {
            assert!(ASSETS.iter().any(|(known, ..)| *known == name), "{name}");
        }
        assert_eq!(needed.count(), ASSETS.len());
        for (name, _, bytes, packed) in ASSETS {
            assert_eq!(bytes.starts_with(&[0x1f, 0x8b]), packed, "{name}");
        }
    }
}
