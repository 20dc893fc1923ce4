//! `GET /api/openapi.json`, `/docs` and `/docs/errors`

use std::collections::HashSet;

use rondo_testkit::{Answer, Backend, TestApp};
use rondo_wire::ErrorCode;
use serde_json::Value;

const PATHS: [&str; 3] = ["/api/openapi.json", "/docs", "/docs/errors"];

fn html(answer: &Answer) -> &str {
    answer.assert_status(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{:?}", answer.headers);
    answer.body.as_str().unwrap()
}

/// Every `$ref` in a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_is_described_in_openapi_3_1() {
    let app = TestApp::start(Backend::Sqlite).await;

    let answer = app.get("/api/openapi.json").await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.told(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_operation_has_a_name_of_its_own_and_tells_its_answers() {
    let app = TestApp::start(Backend::Sqlite).await;
    let document = app.get("/api/openapi.json").await.told(200);

    let mut names = HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let operations = item.as_object().unwrap().iter().filter(|(_, operation)| operation["operationId"].is_string());
        for (method, operation) in operations {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "{method} {path}: another operation is called {name}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path} never succeeds");
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{method} {path}");
        }
    }
    assert!(!names.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_read_the_documentation_in_a_browser() {
    let app = TestApp::start(Backend::Sqlite).await;
    let page = app.get("/docs").await;
    assert!(html(&page).contains("<html"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_error_code_is_explained_where_problems_point_to() {
    let app = TestApp::start(Backend::Sqlite).await;
    let page = app.get("/docs/errors").await;
    for code in ErrorCode::ALL {
        assert_eq!(code.documentation(), format!("/docs/errors#{}", code.as_str()));
        let anchor = format!("id=\"{}\"", code.as_str());
        assert_eq!(html(&page).matches(&anchor).count(), 1, "{}", code.as_str());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_docs_off_there_are_none() {
    let app = TestApp::with(Backend::Sqlite, &[("DOCS", "off")]).await;
    for path in PATHS {
        app.get(path).await.assert_problem(404, "not_found");
    }
    app.get("/health").await.assert_status(200);
}
