//! Whatever is asked, the document says how it is answered.

use std::collections::BTreeSet;

use rondo_testkit::{Answer, Person, Request, TestApp, on_each_database, percent};
use serde_json::Value;

use super::{
    dice::Dice,
    document::{Care, Document, garbage},
};

/// How often each operation is tried.
const EACH: usize = 40;

/// A parameter's value as it may stand in an address.
fn plain(value: &Value) -> String {
    percent(value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned).as_str())
}

/// Makes a request of an operation.
fn request(document: &Document, dice: &mut Dice, person: &Person, path: &str, method: &str, care: Care) -> Request {
    let operation = &document.whole["paths"][path][method];
    let (mut address, mut query) = (path.to_owned(), Vec::new());
    for (name, place, schema) in document.parameters_of(operation) {
        let value = document.value(dice, schema, care);
        match place {
            "path" => {
                let value = plain(&value);
                address = address.replace(&format!("{{{name}}}"), if value.is_empty() { "x" } else { &value });
            }
            "query" if dice.below(2) == 0 => query.push(format!("{name}={}", plain(&value))),
            _ => {}
        }
    }
    if !query.is_empty() {
        address = format!("{address}?{}", query.join("&"));
    }
    let mut request = person.request(method.to_uppercase().parse().unwrap(), &address);
    if let Some((schema, required)) = document.body_of(operation)
        && (required || dice.below(4) > 0)
    {
        let body = document.value(dice, schema, care);
        request = match (care, dice.below(6)) {
            (Care::Garbage, 0) => request.json(garbage(dice)),
            (Care::Garbage, 1) => request.body("application/json", format!("{body}}}")),
            (Care::Garbage, 2) => request.body("text/plain", body.to_string()),
            _ => request.json(body),
        };
    }
    if care == Care::Garbage && dice.below(5) == 0 {
        request = request.header("idempotency-key", *dice.one(&["", "a", "\u{e9}", "the same", "the same"]));
    }
    request
}

/// Why an answer is not as the document says.
fn fault(document: &Document, path: &str, method: &str, answer: &Answer) -> Option<String> {
    let documented = &document.whole["paths"][path][method]["responses"];
    let name = format!("{} {path} answered {}", method.to_uppercase(), answer.status);
    if answer.status >= 500 || documented.get(answer.status.to_string()).is_none() {
        return Some(format!("{name}, e.g. to {}: {}", answer.request, answer.body));
    }
    let is_problem =
        answer.header("content-type") == Some("application/problem+json") && answer.body["code"].is_string();
    (answer.status >= 400 && !is_problem).then(|| format!("{name} with no problem: {}", answer.body))
}

on_each_database! {
    async fn no_request_of_the_document_is_answered_otherwise_than_it_says(app: TestApp) {
        let mut dice = Dice::roll();
        let whole = app.get("/api/openapi.json").await.told(200);
        let mut document = Document { whole, ids: Vec::new() };
        let [mut ada, grace] = [app.user("ada").await, app.user("grace").await];
        let operations: Vec<_> = document.whole["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone())))
            .filter(|(_, method)| ["get", "put", "post", "delete", "patch"].contains(&method.as_str()))
            .collect();
        let (mut faults, mut done) = (BTreeSet::new(), 0);
        for round in 0..EACH {
            // What earlier rounds deleted or answered is there anew.
            let room = app.session().public().owned_by(&ada).create().await;
            room.join(&grace).await;
            let message = room.post(&ada, "hi").await;
            let other = app.session().owned_by(&grace).create().await;
            let invitation = other.invite(&grace, &ada, "member").await;
            let text = |value: &Value| value["id"].as_str().unwrap().to_owned();
            document.ids = vec![room.id.clone(), text(&message), text(&invitation), other.id, ada.id.clone(), grace.id.clone()];
            for (path, method) in &operations {
                let care = [Care::Good, Care::OffByOne, Care::Garbage][round % 3];
                let answer = request(&document, &mut dice, &ada, path, method, care).await;
                faults.extend(fault(&document, path, method, &answer));
                done += usize::from(answer.status < 300);
                if ada.get("/api/users/me").await.status == 401 {
                    ada = ada.with_token(&ada.login().await.access); // it signed her out
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.into_iter().collect::<Vec<_>>().join("\n"));
        assert!(done > operations.len(), "only {done} requests were good");
        app.get("/health").await.assert_status(200);
    }
}
