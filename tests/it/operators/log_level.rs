//! `/log-level`, for a real process: only that has a log of its own.

use std::time::Duration;

use reqwest::Method;
use rondo_testkit::{Answer, Backend, Request, Server, eventually};
use serde_json::Value;

const TOKEN: &str = "a-token-for-operators";
const PATIENCE: Duration = Duration::from_secs(20);

async fn server(settings: &[(&str, &str)]) -> Server {
    let usual = [("METRICS_ADDR", "127.0.0.1:0"), ("LOG_FORMAT", "json")];
    Server::with(Backend::Sqlite, &[&usual, settings].concat()).await
}

async fn put(server: &Server, query: &str, directive: &str) -> Answer {
    ask_for(server, query, directive).await.await
}

async fn ask_for(server: &Server, query: &str, directive: &str) -> Request {
    let path = format!("/log-level{query}");
    server.operators().await.request(Method::PUT, &path).body("text/plain", directive)
}

async fn current(server: &Server) -> String {
    directive(&server.operators().await.get("/log-level").await).to_owned()
}

fn directive(answer: &Answer) -> &str {
    answer.assert_status(200);
    answer.body.as_str().unwrap().trim_end()
}

/// Asks for something under a name until the log tells of it, or not; gives whether it did.
async fn is_logged(server: &Server, name: &str) -> bool {
    server.get("/api/users/me").header("x-request-id", name).await.assert_status(401);
    // What is warned of comes after it, so then there is nothing to wait for any more.
    let directive = current(server).await;
    let told = format!("\"log.filter\":\"{directive}\"");
    let before = server.said().matches(&told).count();
    put(server, "", &directive).await.assert_status(200);
    eventually("a line of the log", PATIENCE, async || server.said().matches(&told).count() > before).await;
    server.said().contains(&format!("\"request.id\":\"{name}\""))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_logged_changes_at_once_and_without_a_restart() {
    let server = server(&[]).await;
    assert_eq!(current(&server).await, "warn");
    assert!(!is_logged(&server, "before").await);

    assert_eq!(directive(&put(&server, "", "info\n").await), "info");

    assert!(is_logged(&server, "meanwhile").await);
    put(&server, "", "warn,rondo_http=error").await.assert_status(200);
    put(&server, "", "warn").await.assert_status(200);
    assert!(!is_logged(&server, "after").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_for_a_time_ends_by_itself() {
    let server = server(&[]).await;
    assert_eq!(directive(&put(&server, "?for=1", "debug").await), "debug");
    let back = async || current(&server).await == "warn";
    eventually("the end of a change", PATIENCE, back).await;
    assert!(!is_logged(&server, "after").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_directive_is_refused_and_changes_nothing() {
    let server = server(&[]).await;
    for wrong in ["inof", "", "info,rondo_http=loud", "warning"] {
        let refused = put(&server, "", wrong).await;
        refused.assert_problem(422, "validation_failed");
        assert_eq!(refused.body["errors"][0]["field"], "body", "{wrong}");
    }
    for query in ["?for=0", "?for=soon", "?for=86401", "?until=1"] {
        put(&server, query, "debug").await.assert_problem(422, "validation_failed");
    }
    put(&server, "", &"x".repeat(5_000)).await.assert_problem(413, "payload_too_large");
    assert_eq!(current(&server).await, "warn");
    server.get("/log-level").await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_wants_the_token_where_there_is_one() {
    let server = server(&[("METRICS_TOKEN", TOKEN)]).await;
    server.operators().await.get("/log-level").await.assert_problem(401, "unauthenticated");
    put(&server, "", "debug").await.assert_problem(401, "unauthenticated");
    assert_eq!(directive(&server.operators().await.get("/log-level").bearer(TOKEN).await), "warn");
    assert_eq!(directive(&ask_for(&server, "", "error").await.bearer(TOKEN).await), "error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_tells_of_a_request_and_of_a_socket_event_by_names_that_can_be_asked_for() {
    let server = server(&[("RUST_LOG", "info")]).await;
    let ada = server.user("ada").await;
    ada.get("/api/sessions").header("x-request-id", "the-one").await.assert_status(200);
    let socket = ada.socket().await;
    assert_eq!(socket.refused("session:join", serde_json::json!({"sessionId": ada.id})).await, "not_found");
    let line = async |message: &str, field: &str, value: &str| {
        let mut found = None;
        eventually("a line", PATIENCE, async || {
            let lines = server.said();
            let mut lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            found = lines.find(|line| line["message"] == message && line[field] == value);
            found.is_some()
        })
        .await;
        found.unwrap()
    };

    let request = line("request", "request.id", "the-one").await;
    let event = line("socket event", "socket.event", "session:join").await;

    assert_eq!((&request["http.route"], &request["http.status"]), (&"/api/sessions".into(), &200.into()));
    assert_eq!((&request["user.id"], &event["user.id"]), (&ada.id.as_str().into(), &ada.id.as_str().into()));
    assert_eq!((&event["code"], event["socket.id"].is_string()), (&"not_found".into(), true));
    for line in [&request, &event] {
        assert!(line["duration_ms"].is_f64() && line["queries"].is_u64(), "{line}");
    }
}
