//! The name under which a request is found in the log: the caller's, if it is a sane one, else a new one.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use rondo_domain::ids;

/// The header that carries it, both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The name under which a request is answered, for those who write it into their answers.
pub(crate) struct RequestId(pub(crate) HeaderValue);

impl RequestId {
    pub(crate) fn text(&self) -> String {
        text(&self.0).to_owned()
    }
}

/// The longest name that a caller may give.
const MAX_LENGTH: usize = 128;

/// The name of the request with these headers.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    match headers.get(&HEADER) {
        Some(given) if is_sane(given.as_bytes()) => given.clone(),
        _ => generate(),
    }
}

/// The name as text.
pub(crate) fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

/// Whether a name can stand in headers, logs and documents without harm.
fn is_sane(name: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&name.len())
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'))
}

fn generate() -> HeaderValue {
    let mut buffer = uuid::Uuid::encode_buffer();
    let text = ids::RequestId::generate().0.hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(name).unwrap());
        text(&of(&headers)).to_owned()
    }

    #[test]
    fn a_sane_name_is_kept() {
        let longest = "x".repeat(MAX_LENGTH);
        for name in ["a", "req-1_2.3:4", "019c0e3a-5c00-7000-8000-000000000000", &longest] {
            assert_eq!(named(name), name);
        }
    }

    #[test]
    fn any_other_is_replaced_by_a_uuid_of_version_7() {
        let too_long = "x".repeat(MAX_LENGTH + 1);
        for name in ["", "a b", "a\tb", "a/b", "{}", "\u{f1}", "<script>", &too_long] {
            let new: uuid::Uuid = named(name).parse().unwrap();
            assert_eq!(new.get_version_num(), 7, "{name}");
        }
        assert!(uuid::Uuid::parse_str(text(&of(&HeaderMap::new()))).is_ok());
    }
}
