//! Heads, wrong turns, and the headers that every answer has.

use reqwest::Method;
use rondo_testkit::{Answer, Backend, TestApp};
use serde_json::{Value, json};

fn assert_guarded(answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("origin-agent-cluster", "?1"),
        ("x-dns-prefetch-control", "off"),
        ("x-download-options", "noopen"),
        ("x-permitted-cross-domain-policies", "none"),
        ("x-xss-protection", "0"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{}", answer.request);
    }
    assert!(answer.header("content-security-policy").is_some(), "{}", answer.request);
    assert!(answer.header("x-request-id").is_some(), "{}", answer.request);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_headers_that_keep_browsers_in_check() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    for answer in [
        app.get("/health").await,
        app.get("/api/openapi.json").await,
        app.get("/docs").await,
        app.get("/nowhere").await,
        app.get("/api/users/me").await,
        ada.get("/api/users/me").await,
        ada.post("/api/sessions").json(json!({"name": ""})).await,
        ada.post("/api/auth/logout").await,
    ] {
        assert_guarded(&answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_keeps_answers_that_depend_on_who_asks_but_who_asked_and_asks_again() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    for path in ["/api/users/me", "/api/sessions"] {
        assert_eq!(ada.get(path).await.header("cache-control"), Some("private, no-cache"), "{path}");
    }
    for answer in [
        ada.get("/api/auth/logins").await,
        app.get("/api/users/me").await,
        app.post("/api/auth/login").json(json!({"email": ada.email, "password": ada.password})).await,
        app.get("/health").await,
    ] {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.request);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_got_can_be_asked_for_its_head() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    for path in ["/health", "/health/live", "/api/openapi.json", "/docs", "/api/users/me", "/api/sessions"] {
        let (got, head) = (ada.get(path).await, ada.request(Method::HEAD, path).await);
        assert_eq!((head.status, &head.body), (200, &Value::Null), "{path}");
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
        assert_guarded(&head);
    }
    let head = app.request(Method::HEAD, "/api/users/me").await;
    assert_eq!((head.status, head.body), (401, Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_is_nothing_a_problem_says_so() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    for path in ["/", "/api", "/api/nowhere", "/api/sessions/", "/health/x", "/API/sessions", "/api//sessions"] {
        app.get(path).await.assert_problem(404, "not_found");
        ada.post(path).json(json!({})).await.assert_problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    for (method, path, allowed) in [
        (Method::DELETE, "/api/users/me", ["GET", "HEAD", "PATCH"].as_slice()),
        (Method::PUT, "/api/sessions", &["GET", "HEAD", "POST"]),
        (Method::GET, "/api/auth/login", &["POST"]),
        (Method::POST, "/health", &["GET", "HEAD"]),
        (Method::POST, "/api/openapi.json", &["GET", "HEAD"]),
    ] {
        let answer = ada.request(method, path).await;
        answer.assert_problem(405, "method_not_allowed");
        let mut allow: Vec<_> = answer.header("allow").unwrap().split(", ").collect();
        allow.sort_unstable();
        assert_eq!(allow, allowed, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_origin_is_let_in_where_the_settings_say_so() {
    let app = TestApp::with(Backend::Sqlite, &[("CORS_ORIGINS", "https://app.example.com")]).await;
    let preflight = async |origin: &str| {
        let request = app.request(Method::OPTIONS, "/api/sessions").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.header("access-control-request-headers", "authorization,content-type").await
    };

    let known = preflight("https://app.example.com").await;
    assert_eq!(known.status, 200);
    assert_eq!(known.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(known.header("access-control-allow-credentials"), Some("true"));
    let strange = preflight("https://evil.example").await;
    assert_eq!(strange.header("access-control-allow-origin"), None);
}
