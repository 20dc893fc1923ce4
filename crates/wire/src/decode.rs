//! JSON in: what is not JSON is told apart from what is JSON of the wrong shape, and the latter names its field.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::{ErrorCode, Fault};

/// Reads one JSON object.
///
/// # Errors
/// `malformed_json` when it is not JSON, `validation_failed` naming the field when its shape is wrong.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    // serde would take an array for a struct, field by field; a body is an object.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => Fault::field("body", "wrong_type", "must be a JSON object"),
            Err(error) => malformed(&error),
        });
    }
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => explain::<T>(bytes),
        Category::Io | Category::Syntax | Category::Eof => malformed(&error),
    })
}

fn malformed(error: &serde_json::Error) -> Fault {
    Fault::new(ErrorCode::MalformedJson, format!("The body is not JSON: {error}."))
}

/// Reads once more, slower, to learn where it went wrong.
fn explain<T: DeserializeOwned>(bytes: &[u8]) -> Fault {
    // What follows the fault may not even be JSON; that is the graver one.
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return malformed(&error);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut deserializer) else {
        return Fault::internal("a body was refused and then accepted");
    };
    let path = error.path().to_string();
    let message = error.into_inner().to_string();
    let reason = message.split(" at line ").next().unwrap_or(&message);
    let quoted = reason.split('`').nth(1);
    let parent = |name: &str| match path.rsplit_once('.') {
        Some((parent, last)) if last == name => format!("{parent}.{name}"),
        _ if path == "." || path == "?" || path == name => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    match quoted {
        Some(name) if reason.starts_with("unknown field") => {
            Fault::field(parent(name), "unknown_field", "is not a field of this body")
        }
        Some(name) if reason.starts_with("missing field") => Fault::field(parent(name), "required", "is missing"),
        Some(name) if reason.starts_with("duplicate field") => {
            Fault::field(parent(name), "duplicate", "stands here twice")
        }
        _ => {
            let field = if path == "." { "body".to_owned() } else { path };
            Fault::field(field, "wrong_type", reason.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only the refusal matters here")]
    struct Body {
        display_name: String,
        count: Option<u8>,
    }

    fn refusal(json: &str) -> (ErrorCode, Option<(String, String)>) {
        let fault = decode::<Body>(json.as_bytes()).unwrap_err();
        (fault.code, fault.errors.into_iter().next().map(|error| (error.field, error.code)))
    }

    #[test]
    fn each_fault_names_its_field() {
        let told = |json, field: &str, code: &str| {
            let expected = (ErrorCode::ValidationFailed, Some((field.to_owned(), code.to_owned())));
            assert_eq!(refusal(json), expected, "{json}");
        };
        told(r#"{"displayName":"a","nope":1}"#, "nope", "unknown_field");
        told(r#"{"count":1}"#, "displayName", "required");
        told(r#"{"displayName":7}"#, "displayName", "wrong_type");
        told(r#"{"displayName":null}"#, "displayName", "wrong_type");
        told(r#"{"displayName":"a","count":300}"#, "count", "wrong_type");
        told(r#"{"displayName":"a","displayName":"b"}"#, "displayName", "duplicate");
        told(r#"["a"]"#, "body", "wrong_type");
        told("null", "body", "wrong_type");
    }

    #[test]
    fn what_is_not_json_is_told_apart() {
        for json in ["", "{", "{\"displayName\":}", "nope", "{\"displayName\":7,", "{\"displayName\":\"\\ud800\"}"] {
            assert_eq!(refusal(json), (ErrorCode::MalformedJson, None), "{json}");
        }
    }
}
