//! Refusals on their way out: the catalogue's codes in the `extensions` of every error.

use std::fmt;

use async_graphql::{ErrorExtensionValues, Name, PathSegment, ServerError, Value, indexmap::IndexMap};
use rondo_wire::{ErrorCode, Fault, FieldError};
use serde::Serialize;

/// How many errors one answer tells; a document can be wrong in thousands of places.
const TOLD: usize = 20;

/// Why a field has no value. It travels through the executor as the source of its error.
#[derive(Clone, Debug)]
pub(crate) struct Refusal(pub(crate) Fault);

/// What a field gives, or why not.
pub(crate) type Outcome<T> = Result<T, Refusal>;

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl<F: Into<Fault>> From<F> for Refusal {
    fn from(fault: F) -> Self {
        Self(fault.into())
    }
}

/// The answer to a request that was not even run, as GraphQL clients read it.
#[must_use]
pub fn refusal(fault: Fault, request_id: &str) -> Vec<u8> {
    let mut errors = vec![error_of(fault)];
    log(&errors, request_id, |_| None);
    finish(&mut errors, request_id);
    written(&Refused { errors: &errors })
}

/// The errors with which a subscription is refused or ends. `after` is the position to go on from, where there is one.
#[must_use]
pub fn refusals(fault: Fault, request_id: &str, after: Option<i64>) -> Vec<u8> {
    let mut errors = vec![error_of(fault)];
    log(&errors, request_id, |_| None);
    finish(&mut errors, request_id);
    if let (Some(after), Some(extensions)) = (after, errors.first_mut().and_then(|error| error.extensions.as_mut())) {
        extensions.set("after", after);
    }
    written(&errors)
}

/// An answer without data.
#[derive(Serialize)]
pub(crate) struct Refused<'a> {
    pub(crate) errors: &'a [ServerError],
}

/// Writes an answer; it has names for keys and nothing that JSON could not hold.
pub(crate) fn written(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap_or_default()
}

/// A fault as an error that belongs to no field.
pub(crate) fn error_of(fault: Fault) -> ServerError {
    let mut error = ServerError::new(fault.detail.clone(), None);
    error.source = Some(std::sync::Arc::new(Refusal(fault)));
    error
}

/// Puts `null` where a field failed: the executor leaves such a field out. Every field that can fail may be `null`.
pub(crate) fn fill(data: &mut Value, errors: &[ServerError]) {
    for error in errors {
        let mut place = &mut *data;
        for segment in &error.path {
            place = match segment {
                PathSegment::Field(name) => {
                    // An object of which nothing else was selected was left out as a whole.
                    if *place == Value::Null {
                        *place = Value::Object(IndexMap::new());
                    }
                    let Value::Object(fields) = place else { break };
                    fields.entry(Name::new(name)).or_insert(Value::Null)
                }
                PathSegment::Index(index) => match place {
                    Value::List(items) if *index < items.len() => &mut items[*index],
                    _ => break,
                },
            };
        }
    }
}

/// Gives every error its code and the request's id.
pub(crate) fn finish(errors: &mut Vec<ServerError>, request_id: &str) {
    errors.truncate(TOLD);
    for error in errors {
        let fault = match error.source::<Refusal>() {
            Some(Refusal(fault)) => fault.clone(),
            None => unfitting(&error.message),
        };
        error.extensions = Some(extensions(&fault, request_id));
    }
}

/// Gives the faults that are our own to the log, each with the field of the schema's root under which it came; `root` knows
/// it by the name that it has in the answer.
pub(crate) fn log(errors: &[ServerError], request_id: &str, root: impl Fn(&str) -> Option<String>) {
    for error in errors.iter().take(TOLD) {
        let Some(Refusal(Fault { code, cause: Some(cause), .. })) = error.source() else { continue };
        let root = match error.path.first() {
            Some(PathSegment::Field(key)) => root(key),
            _ => None,
        };
        tracing::event!(
            name: "graphql.error",
            tracing::Level::WARN,
            error.code = code.as_str(),
            error.cause = cause.as_str(),
            graphql.field = root.as_deref(),
            request.id = request_id,
            "a field failed"
        );
    }
}

fn extensions(fault: &Fault, request_id: &str) -> ErrorExtensionValues {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", fault.code.as_str());
    if !request_id.is_empty() {
        extensions.set("requestId", request_id);
    }
    if !fault.errors.is_empty() {
        let fields = fault.errors.iter().map(|FieldError { field, code, message }| {
            async_graphql::value!({ "field": field.as_str(), "code": code.as_str(), "message": message.as_str() })
        });
        extensions.set("errors", Value::List(fields.collect()));
    }
    if let Some(wait) = fault.retry_after {
        extensions.set("retryAfterMs", u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    }
    extensions
}

/// What the executor itself says: the document or its variables do not fit the schema. Values name their argument.
fn unfitting(message: &str) -> Fault {
    let fault = Fault::new(ErrorCode::ValidationFailed, message);
    let Some(rest) = message.strip_prefix("Invalid value for argument \"") else { return fault };
    let Some((path, why)) = rest.split_once("\", ") else { return fault };
    let quoted = |before: &str| why.strip_prefix(before).and_then(|rest| rest.split('"').next());
    let (name, code) = match (quoted("unknown field \""), quoted("field \"")) {
        (Some(unknown), _) => (Some(unknown), "unknown_field"),
        (None, Some(missing)) => (Some(missing), "required"),
        (None, None) => (None, "wrong_type"),
    };
    // The one input of a mutation is its body.
    let path = if name.is_some() && path == "input" { "" } else { path.strip_prefix("input.").unwrap_or(path) };
    let field = [Some(path), name].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
    let error = FieldError { field, code: code.to_owned(), message: why.to_owned() };
    Fault { errors: vec![error], ..fault }
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    #[test]
    fn a_field_that_failed_is_null() {
        let error = |path: &[&str]| {
            let segment = |part: &&str| part.parse().map_or(PathSegment::Field((*part).to_owned()), PathSegment::Index);
            ServerError::new("no", None).with_path(path.iter().map(segment).collect())
        };
        let filled = |mut data: Value, paths: &[&[&str]]| {
            let errors: Vec<_> = paths.iter().map(|path| error(path)).collect();
            fill(&mut data, &errors);
            data
        };
        assert_eq!(filled(Value::Null, &[&["a"]]), value!({"a": null}));
        assert_eq!(filled(value!({"a": 1}), &[&["b"]]), value!({"a": 1, "b": null}));
        assert_eq!(filled(value!({"a": null}), &[&["a", "b"], &["a", "c"]]), value!({"a": {"b": null, "c": null}}));
        let list = value!({"a": [{"b": 1}, null]});
        assert_eq!(filled(list, &[&["a", "1", "c"], &["a", "7", "c"]]), value!({"a": [{"b": 1}, {"c": null}]}));
        assert_eq!(filled(value!({"a": 1}), &[&["a", "b"], &[]]), value!({"a": 1}));
    }
}
