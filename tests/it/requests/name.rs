//! `X-Request-Id`: the name by which a request is found in the log.

use rondo_testkit::{Backend, TestApp, shape::assert_id};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sane_name_is_kept_on_good_answers_and_bad_ones() {
    let app = TestApp::start(Backend::Sqlite).await;
    for name in ["a", "req-1_2.3:4", "019c0e3a-5c00-7000-8000-000000000000", &"x".repeat(128)] {
        for path in ["/health/live", "/api/users/me", "/nowhere"] {
            let answer = app.get(path).header("x-request-id", name).await;
            assert_eq!(answer.header("x-request-id"), Some(name), "{path}");
            if answer.status >= 400 {
                assert_eq!(answer.body["requestId"], name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_other_name_is_replaced() {
    let app = TestApp::start(Backend::Sqlite).await;
    for name in ["", "a b", "<script>", "a/b", r#"{"a":1}"#, "ñ", &"x".repeat(129)] {
        let answer = app.get("/health/live").header("x-request-id", name).await;
        assert_id(&json!(answer.header("x-request-id").unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_a_name_gets_one_of_its_own() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (one, other) = (app.get("/health/live").await, app.get("/health/live").await);
    let (one, other) = (one.header("x-request-id").unwrap(), other.header("x-request-id").unwrap());
    assert_id(&json!(one));
    assert_ne!(one, other);
}
