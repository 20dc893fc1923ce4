//! What a server answered, and what tests say about it.

use reqwest::header::HeaderMap;
use rondo_wire::ErrorCode;
use serde_json::Value;

use crate::log;

/// An answer that was read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The method and path that were asked, for messages.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The text of the body.
    pub text: String,
    /// The JSON; the text where it is not JSON, `null` where there is none.
    pub body: Value,
}

impl Answer {
    pub(crate) fn new(request: String, status: u16, headers: HeaderMap, text: String) -> Self {
        let body = match &*text {
            "" => Value::Null,
            json => serde_json::from_str(json).unwrap_or_else(|_| Value::String(text.clone())),
        };
        Self { request, status, headers, text, body }
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Insists on the status.
    #[track_caller]
    pub fn assert_status(&self, status: u16) {
        assert_eq!(self.status, status, "{} answered {}: {}", self.request, self.status, self.body);
    }

    /// The body, provided that the status is this one.
    #[must_use]
    #[track_caller]
    pub fn told(self, status: u16) -> Value {
        self.assert_status(status);
        self.body
    }

    /// Insists on a problem (RFC 9457) with this status and code, whole and in agreement with the catalogue.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        self.assert_status(status);
        let Self { request, body, .. } = self;
        let known = ErrorCode::ALL.iter().find(|known| known.as_str() == code);
        let known = known.unwrap_or_else(|| panic!("{code} is not in the catalogue"));
        assert_eq!(body["code"], code, "{request}: {body}");
        assert_eq!(known.status(), status, "the catalogue knows {code} with another status");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{request}");
        assert_eq!(body["type"], known.documentation(), "{request}");
        assert_eq!(body["title"], known.title(), "{request}");
        assert_eq!(body["status"], status, "{request}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{request}: {body}");
        assert_eq!(body["requestId"].as_str(), self.header("x-request-id"), "{request}");
        let expected = ["type", "title", "status", "detail", "code", "requestId", "errors"];
        let extra = body.as_object().and_then(|fields| fields.keys().find(|field| !expected.contains(&field.as_str())));
        assert_eq!(extra, None, "{request}: {body}");
        if status == 401 {
            let challenge = self.header("www-authenticate");
            assert!(challenge.is_some_and(|challenge| challenge.starts_with("Bearer")), "{request}: {challenge:?}");
        }
    }

    /// Insists on a refusal of exactly this field, for this reason.
    #[track_caller]
    pub fn assert_field(&self, field: &str, code: &str) {
        self.assert_problem(422, "validation_failed");
        assert_eq!(self.field_errors(), [(field.to_owned(), code.to_owned())], "{}: {}", self.request, self.body);
    }

    /// Each refused field with its reason's code, in order.
    #[must_use]
    pub fn field_errors(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    }

    /// The refresh cookie as it was set: its value, and its attributes in lower case.
    #[must_use]
    pub fn refresh_cookie(&self) -> Option<(String, Vec<String>)> {
        let cookies = self.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
        let cookie = cookies.into_iter().find_map(|cookie| cookie.strip_prefix("rondo_refresh="))?;
        let mut parts = cookie.split(';').map(str::trim);
        let value = parts.next()?.to_owned();
        Some((value, parts.map(str::to_ascii_lowercase).collect()))
    }

    /// How many queries the answer cost, by the log of a server in this process.
    #[must_use]
    #[track_caller]
    pub fn queries(&self) -> u64 {
        let request_id = self.header("x-request-id").unwrap_or_default();
        log::queries_of(request_id).unwrap_or_else(|| panic!("the log tells nothing of {}", self.request))
    }
}
