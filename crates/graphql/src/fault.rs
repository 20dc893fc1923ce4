//! Refusals on their way out: the catalogue's codes in the `extensions` of every error.

use std::fmt;

use async_graphql::{ErrorExtensionValues, ServerError, Value};
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
    finish(&mut errors, request_id);
    written(&Refused { errors: &errors })
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

/// Gives every error its code and the request's id, and gives the faults that are our own to the log.
pub(crate) fn finish(errors: &mut Vec<ServerError>, request_id: &str) {
    errors.truncate(TOLD);
    for error in errors {
        let fault = match error.source::<Refusal>() {
            Some(Refusal(fault)) => fault.clone(),
            None => unfitting(&error.message),
        };
        if let Some(cause) = &fault.cause {
            tracing::event!(
                name: "graphql.error",
                tracing::Level::WARN,
                error.code = fault.code.as_str(),
                error.cause = cause.as_str(),
                request.id = request_id,
                "a field failed"
            );
        }
        error.extensions = Some(extensions(&fault, request_id));
    }
}

fn extensions(fault: &Fault, request_id: &str) -> ErrorExtensionValues {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", fault.code.as_str());
    extensions.set("requestId", request_id);
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
    let unknown = why.strip_prefix("unknown field \"").and_then(|rest| rest.split('"').next());
    let path = path.strip_prefix("input.").unwrap_or(path);
    let (field, code) = match unknown {
        Some(name) if path == "input" => (name.to_owned(), "unknown_field"),
        Some(name) => (format!("{path}.{name}"), "unknown_field"),
        None => (path.to_owned(), "wrong_type"),
    };
    let error = FieldError { field, code: code.to_owned(), message: why.to_owned() };
    Fault { errors: vec![error], ..fault }
}
