//! JSON bodies, up to 256 KiB, and the name that a client may give a request with one.

use std::time::Duration;

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, future::LocalBoxFuture};
use rondo_wire::{ErrorCode, Fault, decode};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    idempotency::{self, Once},
    problem::Failure,
};

/// The largest body that is read.
pub(crate) const MAX_LENGTH: usize = 256 * 1_024;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that must be there.
pub(crate) struct Body<T>(pub(crate) T);

/// A body that may be left out.
pub(crate) struct OptionalBody<T>(pub(crate) Option<T>);

/// No body. An empty object is as good as none: some clients cannot send less.
pub(crate) struct NoBody;

/// What a body may be taken for.
pub(crate) trait FromBody: Sized {
    /// Takes a body that arrived whole.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    fn from_body(media_type: Option<&str>, body: &[u8]) -> Result<Self, Fault>;
}

impl<T: DeserializeOwned> FromBody for Body<T> {
    fn from_body(media_type: Option<&str>, body: &[u8]) -> Result<Self, Fault> {
        if media_type.is_some_and(is_json) { Ok(Self(decode(body)?)) } else { Err(no_json()) }
    }
}

impl<T: DeserializeOwned> FromBody for OptionalBody<T> {
    fn from_body(media_type: Option<&str>, body: &[u8]) -> Result<Self, Fault> {
        if body.is_empty() {
            return Ok(Self(None));
        }
        Body::from_body(media_type, body).map(|Body(body)| Self(Some(body)))
    }
}

impl FromBody for NoBody {
    fn from_body(_: Option<&str>, body: &[u8]) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Empty {}

        if body.trim_ascii().is_empty() {
            return Ok(Self);
        }
        match decode::<Empty>(body) {
            Ok(Empty {}) => Ok(Self),
            Err(fault) if fault.code == ErrorCode::MalformedJson => {
                Err(Fault::field("body", "not_empty", "must be left out"))
            }
            Err(fault) => Err(fault),
        }
    }
}

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        plain(request, payload)
    }
}

impl<T: DeserializeOwned> FromRequest for OptionalBody<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        plain(request, payload)
    }
}

fn plain<B: FromBody>(request: &HttpRequest, payload: &mut Payload) -> LocalBoxFuture<'static, Result<B, Failure>> {
    let (request, payload) = (request.clone(), payload.take());
    Box::pin(async move {
        let body = read(&request, payload).await?;
        Ok(B::from_body(media_type(&request), &body)?)
    })
}

/// The body of an operation that has effect once if its client names it, and what does it once.
pub(crate) struct Keyed<B>(pub(crate) B, pub(crate) Once);

impl<B: FromBody> FromRequest for Keyed<B> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let key = idempotency::key(request.headers())?;
            let body = read(&request, payload).await?;
            let asked = B::from_body(media_type(&request), &body)?;
            Ok(Self(asked, Once::of(&request, key, &body)?))
        })
    }
}

/// Whether a `Content-Type` is `application/json`, or any other whose suffix says that it is JSON.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or("").trim();
    let ends_in = |suffix: &str| {
        essence.len() > suffix.len()
            && essence.as_bytes()[essence.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes())
    };
    essence.eq_ignore_ascii_case("application/json") || (essence.contains('/') && ends_in("+json"))
}

pub(crate) fn media_type(request: &HttpRequest) -> Option<&str> {
    request.headers().get(CONTENT_TYPE)?.to_str().ok()
}

pub(crate) async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, Fault> {
    let encodings = request.headers().get_all(CONTENT_ENCODING);
    if encodings.into_iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let detail = "The body must come as it is: Content-Encoding is not taken.";
        return Err(Fault::new(ErrorCode::UnsupportedMediaType, detail));
    }
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_LENGTH as u64) {
        return Err(too_large());
    }
    let late = |_| Fault::new(ErrorCode::BadRequest, "The body did not arrive in time.");
    tokio::time::timeout(PATIENCE, gather(payload)).await.map_err(late)?
}

async fn gather(mut payload: Payload) -> Result<Bytes, Fault> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error))?;
        if body.len() + chunk.len() > MAX_LENGTH {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn broken(error: &PayloadError) -> Fault {
    match error {
        PayloadError::Overflow => too_large(),
        _ => Fault::new(ErrorCode::BadRequest, "The body did not arrive whole."),
    }
}

fn too_large() -> Fault {
    Fault::new(ErrorCode::PayloadTooLarge, "A body may have at most 256 KiB.")
}

fn no_json() -> Fault {
    Fault::new(ErrorCode::UnsupportedMediaType, "The body must come as application/json.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{dev::Payload, test::TestRequest};

    #[derive(Debug, Deserialize)]
    struct Anything {}

    async fn read_with(request: TestRequest) -> Result<(), ErrorCode> {
        let (request, mut payload): (_, Payload) = request.to_http_parts();
        Body::<Anything>::from_request(&request, &mut payload).await.map(|_| ()).map_err(|failure| failure.code())
    }

    #[actix_web::test]
    async fn only_json_is_read() {
        for media_type in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.rondo+json"] {
            let request = TestRequest::post().insert_header((CONTENT_TYPE, media_type)).set_payload("{}");
            assert_eq!(read_with(request).await, Ok(()), "{media_type}");
        }
        for media_type in ["text/plain", "", "application/x-www-form-urlencoded", "+json", "json", "application/jsonp"]
        {
            let request = TestRequest::post().insert_header((CONTENT_TYPE, media_type)).set_payload("{}");
            assert_eq!(read_with(request).await, Err(ErrorCode::UnsupportedMediaType), "{media_type}");
        }
        assert_eq!(read_with(TestRequest::post().set_payload("{}")).await, Err(ErrorCode::UnsupportedMediaType));
    }

    #[actix_web::test]
    async fn a_body_comes_uncompressed() {
        let encoded = |encoding: &str| {
            let json = TestRequest::post().insert_header((CONTENT_TYPE, "application/json")).set_payload("{}");
            json.insert_header((CONTENT_ENCODING, encoding.to_owned()))
        };
        assert_eq!(read_with(encoded("Identity")).await, Ok(()));
        for encoding in ["gzip", "br", "zstd", "identity, gzip", ""] {
            assert_eq!(read_with(encoded(encoding)).await, Err(ErrorCode::UnsupportedMediaType), "{encoding}");
        }
    }

    #[actix_web::test]
    async fn a_body_has_at_most_256_kib() {
        let of_length = |length: usize| {
            let json = format!("{{{}}}", " ".repeat(length - 2));
            TestRequest::post().insert_header((CONTENT_TYPE, "application/json")).set_payload(json)
        };
        assert_eq!(read_with(of_length(MAX_LENGTH)).await, Ok(()));
        assert_eq!(read_with(of_length(MAX_LENGTH + 1)).await, Err(ErrorCode::PayloadTooLarge));
        let announced = of_length(2).insert_header((CONTENT_LENGTH, (MAX_LENGTH + 1).to_string()));
        assert_eq!(read_with(announced).await, Err(ErrorCode::PayloadTooLarge));
    }
}
