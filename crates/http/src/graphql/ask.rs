//! What a request asks for, out of its query string or its body. What is no request in the protocol's sense is told apart
//! from what is a request and cannot be run.

use actix_web::{
    HttpRequest,
    web::{self, Payload},
};
use rondo_graphql::{Ask, Batch, limits::BATCH};
use rondo_wire::{ErrorCode, Fault, decode};
use serde_json::value::RawValue;

use crate::extract::{is_json, media_type, read};

/// Reads `query`, `operationName`, `variables` and `extensions`; the latter two are JSON.
pub(super) fn of_query(query: &str) -> Result<Batch, Fault> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query);
    let pairs = pairs
        .map_err(|error| Fault::new(ErrorCode::BadRequest, format!("The query string cannot be read: {error}.")))?;
    let mut ask = Ask::default();
    for (name, value) in pairs.into_inner() {
        let given = match &*name {
            "query" => ask.query.replace(value).is_some(),
            "operationName" => ask.operation_name.replace(value).is_some(),
            "variables" => ask.variables.replace(object(&name, &value)?).is_some(),
            "extensions" => ask.extensions.replace(object(&name, &value)?).is_some(),
            _ => false,
        };
        if given {
            return Err(Fault::field(name, "duplicate", "stands here twice"));
        }
    }
    complete(&ask)?;
    Ok(Batch::One(Box::new(ask)))
}

/// Reads a body: an object, or an array of them.
pub(super) async fn of_body(request: &HttpRequest, payload: Payload) -> Result<Batch, Fault> {
    // Nothing else is read: a page of another site can send other types without asking the browser's leave.
    if !media_type(request).is_some_and(is_json) {
        return Err(Fault::new(ErrorCode::UnsupportedMediaType, "The body must come as application/json."));
    }
    let body = read(request, payload.into_inner()).await?;
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        let ask = decode(&body)?;
        complete(&ask)?;
        return Ok(Batch::One(Box::new(ask)));
    }
    let parts: Vec<Box<RawValue>> = serde_json::from_slice(&body)
        .map_err(|error| Fault::new(ErrorCode::MalformedJson, format!("The body is not JSON: {error}.")))?;
    if parts.is_empty() {
        return Err(Fault::new(ErrorCode::BadRequest, format!("A batch holds 1 to {BATCH} operations.")));
    }
    let asks = parts.iter().map(|part| {
        let ask = decode(part.get().as_bytes())?;
        complete(&ask)?;
        Ok(ask)
    });
    asks.collect::<Result<_, Fault>>().map(Batch::Many)
}

/// Whether there is something to run.
fn complete(ask: &Ask) -> Result<(), Fault> {
    let persisted = || ask.extensions.as_ref().is_some_and(|extensions| extensions.contains_key("persistedQuery"));
    if ask.query.as_deref().is_some_and(|query| !query.trim().is_empty()) || persisted() {
        Ok(())
    } else {
        Err(Fault::field("query", "required", "is missing"))
    }
}

fn object(name: &str, json: &str) -> Result<serde_json::Map<String, serde_json::Value>, Fault> {
    if matches!(json, "" | "null") {
        return Ok(serde_json::Map::new());
    }
    serde_json::from_str(json).map_err(|_| Fault::field(name, "wrong_type", "must be a JSON object"))
}
