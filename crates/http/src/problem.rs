//! Refusals on their way out as `application/problem+json` (RFC 9457). Handlers and extractors fail with a
//! [`Failure`]; the outermost middleware, which knows the request's id, writes the document.

use std::fmt;

use actix_web::{
    Error, HttpResponse, HttpResponseBuilder, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use rondo_wire::{ErrorCode, Fault, view::Problem};

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a handler or an extractor refused.
#[derive(Debug)]
pub(crate) struct Failure(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    fault: Fault,
    /// The methods that the path does have, on a 405.
    allow: Option<HeaderValue>,
}

impl Failure {
    /// The answer to a method that the path does not have; `allow` names those that it has.
    pub(crate) fn method_not_allowed(allow: HeaderValue) -> Self {
        let detail = format!("This path has only {}.", allow.to_str().unwrap_or_default());
        let fault = Fault::new(ErrorCode::MethodNotAllowed, detail);
        Self(Box::new(Refusal { fault, allow: Some(allow) }))
    }

    /// The code from the catalogue.
    #[cfg(test)]
    pub(crate) fn code(&self) -> ErrorCode {
        self.0.fault.code
    }
}

impl<F: Into<Fault>> From<F> for Failure {
    fn from(fault: F) -> Self {
        Self(Box::new(Refusal { fault: fault.into(), allow: None }))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.fault.detail)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        status(self.0.fault.code)
    }

    /// The bare status and what only the failure knows; [`render`] gives it the rest.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponseBuilder::new(self.status_code());
        if let Some(allow) = &self.0.allow {
            response.insert_header((ALLOW, allow.clone()));
        }
        response.finish()
    }
}

/// What the log and the document tell of an error, be it one of ours or of the framework.
pub(crate) fn fault(error: &Error) -> Fault {
    if let Some(failure) = error.as_error::<Failure>() {
        return failure.0.fault.clone();
    }
    let code = match error.as_response_error().status_code() {
        StatusCode::UNAUTHORIZED => ErrorCode::Unauthenticated,
        StatusCode::FORBIDDEN => ErrorCode::Forbidden,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
        other if other.is_client_error() => ErrorCode::BadRequest,
        StatusCode::SERVICE_UNAVAILABLE => return Fault::unavailable(error.to_string()),
        _ => return Fault::internal(error.to_string()),
    };
    Fault::new(code, format!("{error}."))
}

/// Writes the problem over the answer of a failure, and keeps the headers that the answer has.
pub(crate) fn render<B>(
    response: HttpResponse<B>,
    fault: &Fault,
    request: &HeaderMap,
    request_id: &str,
) -> HttpResponse<BoxBody> {
    let problem = Problem::new(fault.clone(), request_id.to_owned());
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = response.set_body(BoxBody::new(body));
    *response.status_mut() = status(fault.code);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if fault.code.status() == 401 {
        let challenge = if request.contains_key(AUTHORIZATION) {
            r#"Bearer realm="rondo", error="invalid_token""#
        } else {
            r#"Bearer realm="rondo""#
        };
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(wait) = fault.retry_after {
        // Whole seconds, rounded up: who comes back at the second told is not too early.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

fn status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::body::to_bytes;

    use super::*;

    fn rendered(fault: &Fault, request: &HeaderMap) -> HttpResponse<BoxBody> {
        render(HttpResponse::new(StatusCode::OK), fault, request, "req-1")
    }

    #[actix_web::test]
    async fn a_problem_names_its_request() {
        let response = rendered(&Fault::field("name", "required", "is missing"), &HeaderMap::new());
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), MEDIA_TYPE);
        let body: serde_json::Value = serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
        assert_eq!(body["requestId"], "req-1");
        assert_eq!(body["type"], "/docs/errors#validation_failed");
        assert_eq!(body["errors"][0]["field"], "name");
    }

    #[test]
    fn only_a_token_that_was_sent_is_called_invalid() {
        let fault = Fault::new(ErrorCode::Unauthenticated, "a valid token is needed");
        let challenge = |request: &HeaderMap| {
            rendered(&fault, request).headers().get(WWW_AUTHENTICATE).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(challenge(&HeaderMap::new()), r#"Bearer realm="rondo""#);
        let mut sent = HeaderMap::new();
        sent.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        assert_eq!(challenge(&sent), r#"Bearer realm="rondo", error="invalid_token""#);
    }

    #[test]
    fn the_wait_is_told_in_whole_seconds_rounded_up() {
        for (wait, told) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (60_000, "60")] {
            let fault = Fault { retry_after: Some(Duration::from_millis(wait)), ..Fault::unavailable("x") };
            assert_eq!(rendered(&fault, &HeaderMap::new()).headers().get(RETRY_AFTER).unwrap(), told);
        }
    }

    #[test]
    fn the_cause_stays_inside() {
        let error = Error::from(Failure::from(Fault::internal("the disk is on fire")));
        assert_eq!(fault(&error).cause.as_deref(), Some("the disk is on fire"));
        assert!(!fault(&error).detail.contains("fire"));
    }
}
