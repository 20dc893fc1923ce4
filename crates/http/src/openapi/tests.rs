//! The document against itself.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::RefOr;

use super::{errors::is_secured, openapi, operations};

fn json() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

/// Every operation as JSON, with its name.
fn described() -> Vec<(String, Value)> {
    let document = json();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.iter().map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
    });
    operations.collect()
}

#[test]
fn it_is_openapi_3_1_of_this_release() {
    let document = json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "Rondo");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(document["info"]["description"].as_str().unwrap().contains("demo@rondo.dev"));
    assert_eq!(document["servers"][0]["url"], "/");
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = json();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_has_an_id_a_summary_and_a_known_tag() {
    let document = json();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone().to_string()).collect();
    let mut ids = BTreeSet::new();
    for (name, operation) in described() {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(ids.insert(id), "{name}: its id is taken");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
        assert!(operation["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        let given = operation["tags"].as_array().unwrap();
        assert!(given.len() == 1 && tags.contains(&given[0].to_string()), "{name}: {given:?}");
    }
}

#[test]
fn every_refusal_is_a_problem_with_examples() {
    let document = json();
    for (name, operation) in described() {
        let responses = operation["responses"].as_object().unwrap();
        let mut refusals = 0;
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
            if name.contains("/health") && status == "503" {
                continue; // it tells how the server is
            }
            let response = match response["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).unwrap(),
                None => response,
            };
            let content = &response["content"]["application/problem+json"];
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{name} {status}");
            let examples = content["examples"].as_object().unwrap();
            assert!(!examples.is_empty(), "{name} {status}");
            for example in examples.values() {
                assert_eq!(example["value"]["status"].to_string(), *status, "{name} {status}");
            }
            refusals += 1;
        }
        assert!(refusals > 0, "{name}");
        let expect = |status: &&str| assert!(responses.contains_key(*status), "{name} does not tell of {status}");
        if name.contains("/api/") {
            ["500", "503"].iter().for_each(expect);
        }
        if operation["requestBody"].is_object() {
            ["400", "413", "415", "422"].iter().for_each(expect);
        }
        if name.contains("{id}") {
            expect(&"404");
        }
        if operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == "query") {
            expect(&"422");
        }
    }
    let mut document = openapi();
    for (path, _, operation) in operations(&mut document) {
        assert!(!is_secured(operation) || operation.responses.responses.contains_key("401"), "{path}");
    }
}

#[test]
fn every_body_and_every_answer_shows_an_example() {
    for (name, operation) in described() {
        if let Some(body) = operation.get("requestBody") {
            assert!(body["content"]["application/json"]["example"].is_object(), "{name}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            if let Some(content) = response["content"].get("application/json") {
                assert!(content["example"].is_object(), "{name} {status}");
            }
        }
    }
}

#[test]
fn every_answer_names_its_request() {
    let mut document = openapi();
    let shared = document.components.clone().unwrap().responses;
    let own = operations(&mut document).flat_map(|(_, _, operation)| operation.responses.responses.clone());
    for (name, response) in own.chain(shared) {
        if let RefOr::T(response) = response {
            assert!(response.headers.contains_key("X-Request-Id"), "{name}");
        }
    }
}

#[test]
fn what_honours_an_idempotency_key_says_all_of_it() {
    let document = json();
    let mut honouring = 0;
    for (name, operation) in described() {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let honours = parameters.iter().any(|p| p["$ref"] == "#/components/parameters/IdempotencyKey");
        let changes = name.starts_with("post /api/") || name.starts_with("patch /api/");
        assert_eq!(honours, changes && !name.contains("/api/auth/"), "{name}");
        if !honours {
            continue;
        }
        honouring += 1;
        let response = |status| match operation["responses"][status]["$ref"].as_str() {
            Some(reference) => document.pointer(&reference[1..]).unwrap().clone(),
            None => operation["responses"][status].clone(),
        };
        for (status, code) in
            [("409", "idempotency_in_progress"), ("422", "idempotency_mismatch"), ("422", "validation_failed")]
        {
            let examples = &response(status)["content"]["application/problem+json"]["examples"];
            assert!(examples[code].is_object(), "{name} {status} {code}");
        }
        assert!(response("409")["headers"]["Retry-After"].is_object(), "{name}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let told = answer["headers"]["Idempotency-Replayed"].is_object();
            assert_eq!(told, status.starts_with('2'), "{name} {status}");
        }
    }
    assert!(honouring > 10);
}
