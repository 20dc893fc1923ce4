//! JSON in: what is not JSON is told apart from what is JSON of the wrong shape, and the latter names its field.

mod gather;
mod words;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value, error::Category};

use self::{
    gather::gather,
    words::{Refusal, refusal},
};
use crate::{ErrorCode, Fault};

/// Reads one JSON object.
///
/// # Errors
/// `malformed_json` when it is not JSON, `validation_failed` naming each field that is missing, unknown or of the wrong
/// type.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    // serde would take an array for a struct, field by field; a body is an object.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => Fault::field("body", "wrong_type", "must be a JSON object"),
            Err(error) => malformed(&error),
        });
    }
    serde_json::from_slice(bytes).or_else(|error| match error.classify() {
        Category::Data => again(bytes),
        Category::Io | Category::Syntax | Category::Eof => Err(malformed(&error)),
    })
}

fn malformed(error: &serde_json::Error) -> Fault {
    Fault::new(ErrorCode::MalformedJson, format!("The body is not JSON: {error}."))
}

/// Reads once more, slower, to learn all that is wrong with it.
fn again<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    // What follows the fault may not even be JSON; that is the graver one.
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return Err(malformed(&error));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let first = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => return Err(Fault::internal("a body was refused and then accepted")),
        Err(error) => refusal(&error.path().to_string(), error.inner()),
    };
    if !matches!(first, Refusal::Twice(_)) // read into a map, nothing stands there twice
        && let Ok(given) = serde_json::from_slice::<Map<String, Value>>(bytes)
    {
        match gather(given) {
            Ok(body) => return Ok(body),
            Err(errors) if !errors.is_empty() => return Err(Fault::fields(errors)),
            Err(_) => {}
        }
    }
    Err(Fault::fields(vec![first.into()]))
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
        told(r#"{"displayName":"a","count":1.5}"#, "count", "wrong_type");
        told(r#"["a"]"#, "body", "wrong_type");
        told("null", "body", "wrong_type");
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_in_words_for_people() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        #[expect(dead_code, reason = "only the refusal matters here")]
        struct Form {
            email: String,
            password: String,
            display_name: Option<String>,
            #[serde(default)]
            remember: bool,
            seq: i64,
        }
        let told = |json: &str| {
            let errors = decode::<Form>(json.as_bytes()).unwrap_err().errors;
            errors.into_iter().map(|error| format!("{} {}", error.field, error.message)).collect::<Vec<_>>()
        };
        assert_eq!(told("{}"), ["email is missing", "password is missing", "seq is missing"]);
        let mut errors = told(r#"{"name":1,"email":7,"remember":"yes","seq":1.5,"displayName":[]}"#);
        errors.sort();
        assert_eq!(
            errors,
            [
                "displayName must be a string",
                "email must be a string",
                "name is not a field of this body",
                "password is missing",
                "remember must be true or false",
                "seq must be an integer",
            ]
        );
        assert_eq!(told(r#"{"email":"a","password":"b","seq":1e99}"#), ["seq must be an integer"]);
        assert_eq!(told(r#"{"email":"a","password":"b","seq":{}}"#), ["seq must be an integer"]);
        let many: Vec<_> = (0..100).map(|n| format!("\"x{n}\":1")).collect();
        assert_eq!(told(&format!("{{{}}}", many.join(","))).len(), 32);
    }

    #[test]
    fn a_whole_number_may_have_a_fraction_of_zero() {
        #[derive(Debug, Deserialize)]
        struct Place {
            seq: i64,
            after: Option<i64>,
        }
        let place = decode::<Place>(br#"{"seq":12.0,"after":1e3}"#).unwrap();
        assert_eq!((place.seq, place.after), (12, Some(1_000)));
        assert_eq!(decode::<Place>(br#"{"seq":-0.0}"#).unwrap().seq, 0);
    }

    #[test]
    fn what_is_not_json_is_told_apart() {
        for json in ["", "{", "{\"displayName\":}", "nope", "{\"displayName\":7,", "{\"displayName\":\"\\ud800\"}"] {
            assert_eq!(refusal(json), (ErrorCode::MalformedJson, None), "{json}");
        }
    }
}
