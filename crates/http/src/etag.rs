//! Entity tags: what a program has already need not be sent again (RFC 9110, 8.8.3 and 13.1.2).
//!
//! A tag is a fast 128-bit hash of the body, the same on every node. It tells bodies apart and protects nothing.

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody as _},
    http::{
        Method, StatusCode,
        header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH},
    },
};
use xxhash_rust::xxh3::xxh3_128;

/// A strong entity tag.
#[derive(Clone, Debug)]
pub(crate) struct Tag(HeaderValue);

impl Tag {
    /// The tag of a body.
    pub(crate) fn of(body: &[u8]) -> Self {
        let text = format!("\"{:032x}\"", xxh3_128(body));
        Self(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("\"\"")))
    }

    /// As a header.
    pub(crate) fn header(&self) -> (HeaderName, HeaderValue) {
        (ETAG, self.0.clone())
    }
}

/// Whether the answers under this path carry tags: all but those of `/api/auth`, which nobody may keep.
pub(crate) fn is_tagged(path: &str) -> bool {
    path.strip_prefix("/api/").is_some_and(|rest| !rest.starts_with("auth/"))
}

/// Tags the JSON that a request got, and answers 304 to one that has it already.
pub(crate) fn mark(request: &HttpRequest, mut response: HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
    let is_read = *request.method() == Method::GET || *request.method() == Method::HEAD;
    if !is_read || response.status() != StatusCode::OK || !is_tagged(request.path()) {
        return response;
    }
    if !response.headers().contains_key(ETAG) {
        if response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
            return response;
        }
        let (bare, body) = response.into_parts();
        match body.try_into_bytes() {
            Ok(body) => {
                let (name, value) = Tag::of(&body).header();
                response = bare.set_body(BoxBody::new(body));
                response.headers_mut().insert(name, value);
            }
            Err(streamed) => return bare.set_body(streamed),
        }
    }
    let known = request.headers().get_all(IF_NONE_MATCH).any(|field| {
        let tag = response.headers().get(ETAG).map(HeaderValue::as_bytes);
        tag.is_some_and(|tag| names(field.as_bytes(), tag))
    });
    if !known {
        return response;
    }
    response.headers_mut().remove(CONTENT_TYPE);
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.set_body(BoxBody::new(()))
}

/// Whether an `If-None-Match` names a tag, by the weak comparison. What is no list of tags names nothing.
pub(crate) fn names(mut field: &[u8], tag: &[u8]) -> bool {
    if field.trim_ascii() == b"*" {
        return true;
    }
    loop {
        field = field.trim_ascii_start();
        field = field.strip_prefix(b",").unwrap_or(field).trim_ascii_start();
        let opaque = field.strip_prefix(b"W/").unwrap_or(field);
        let Some(inside) = opaque.strip_prefix(b"\"") else { return false };
        let Some(length) = inside.iter().position(|byte| *byte == b'"') else { return false };
        if opaque[..length + 2] == *tag {
            return true;
        }
        field = &inside[length + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_quoted_and_tells_bodies_apart() {
        let tag = |body: &[u8]| Tag::of(body).header().1.to_str().unwrap().to_owned();
        assert_eq!(tag(b"a"), tag(b"a"));
        assert_ne!(tag(b"a"), tag(b"b"));
        assert_eq!(tag(b"").len(), 34);
        assert!(tag(b"").starts_with('"') && tag(b"").ends_with('"'));
    }

    #[test]
    fn a_list_names_tags_weakly() {
        for field in [
            "*",
            " * ",
            "\"a\"",
            "W/\"a\"",
            "\"b\", \"a\"",
            "\"b\",W/\"a\"",
            " \"b\" ,\t\"a\"",
            ",\"a\"",
            "\"x,y\",\"a\"",
        ] {
            assert!(names(field.as_bytes(), b"\"a\""), "{field}");
        }
        for field in ["", "a", "\"b\"", "w/\"a\"", "\"b\" nonsense", "\"a", "\"x\\\"a\"", "**", "\"\"", "\"b,a\""] {
            assert!(!names(field.as_bytes(), b"\"a\""), "{field}");
        }
    }
}
