//! What a field is refused for, in words for people and not for Rust.

use crate::FieldError;

/// A field that was refused, by its path.
pub(super) enum Refusal {
    Unknown(String),
    Missing(String),
    Twice(String),
    WrongType(FieldError),
}

impl Refusal {
    pub(super) fn field(&self) -> &str {
        match self {
            Self::Unknown(field) | Self::Missing(field) | Self::Twice(field) => field,
            Self::WrongType(error) => &error.field,
        }
    }
}

impl From<Refusal> for FieldError {
    fn from(refusal: Refusal) -> Self {
        let (field, code, message) = match refusal {
            Refusal::Unknown(field) => (field, "unknown_field", "is not a field of this body"),
            Refusal::Missing(field) => (field, "required", "is missing"),
            Refusal::Twice(field) => (field, "duplicate", "stands here twice"),
            Refusal::WrongType(error) => return error,
        };
        Self { field, code: code.to_owned(), message: message.to_owned() }
    }
}

/// What serde refused at a path.
pub(super) fn refusal(path: &str, error: &serde_json::Error) -> Refusal {
    let said = error.to_string();
    let reason = said.split(" at line ").next().unwrap_or(&said);
    let named = |name: &str| match path.rsplit_once('.') {
        Some((parent, last)) if last == name => format!("{parent}.{name}"),
        _ if path == "." || path == "?" || path == name => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    match reason.split('`').nth(1) {
        Some(name) if reason.starts_with("unknown field") => Refusal::Unknown(named(name)),
        Some(name) if reason.starts_with("missing field") => Refusal::Missing(named(name)),
        Some(name) if reason.starts_with("duplicate field") => Refusal::Twice(named(name)),
        _ => {
            let field = if path == "." { "body".to_owned() } else { path.to_owned() };
            Refusal::WrongType(FieldError { field, code: "wrong_type".to_owned(), message: wanted(reason) })
        }
    }
}

/// What should stand there, from serde's `invalid type: …, expected …`.
fn wanted(reason: &str) -> String {
    let Some((found, expected)) = reason.rsplit_once(", expected ") else { return "cannot be read".to_owned() };
    let integer = expected.strip_prefix(['i', 'u']).is_some_and(|bits| bits.parse::<u8>().is_ok());
    match expected {
        _ if integer && found.starts_with("invalid value") => "is an integer out of range".to_owned(),
        _ if integer => "must be an integer".to_owned(),
        "a boolean" => "must be true or false".to_owned(),
        _ if expected.starts_with("struct ") || expected == "a map" => "must be an object".to_owned(),
        _ if expected.starts_with("a ") || expected.starts_with("an ") => format!("must be {expected}"),
        _ => "must be something else".to_owned(),
    }
}
