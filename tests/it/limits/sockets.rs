//! Limits as sockets tell them.

use std::time::Duration;

use futures_util::FutureExt as _;
use rondo_domain::SessionId;
use rondo_testkit::{Backend, End, TestApp};
use serde_json::{Value, json};

fn nowhere() -> Value {
    json!({"sessionId": SessionId::generate()})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_has_one_allowance_on_all_surfaces() {
    let limits = [("RATE_LIMIT", "on"), ("RATE_LIMIT_MESSAGES", "3/60s")];
    let app = TestApp::with(Backend::Sqlite, &limits).await;
    let (ada, grace) = (app.user("ada").await, app.user("grace").await);
    let room = app.session().public().owned_by(&ada).create().await;
    room.join(&grace).await;
    let (one, other) = (ada.socket().await, ada.socket().await);
    let message = || json!({"sessionId": room.id, "content": "Hola"});
    one.done("message:create", message()).await;
    other.done("message:create", message()).await;
    room.post(&ada, "Hola").await;

    let refused = one.ask("message:create", message()).await;

    assert_eq!(refused["error"]["code"], "rate_limited");
    assert_eq!(refused["error"]["retryAfterMs"], 20_000);
    let messages = format!("/api/sessions/{}/messages", room.id);
    ada.post(&messages).json(json!({"content": "Hola"})).await.assert_problem(429, "rate_limited");
    grace.socket().await.done("message:create", message()).await;
    app.clock.advance(Duration::from_secs(20));
    other.done("message:create", message()).await;
    assert_eq!(room.messages(&grace).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_sends_too_much_is_told_when_to_go_on_and_a_flood_is_ended() {
    let limits = [("RATE_LIMIT", "on"), ("SOCKET_EVENTS_PER_SECOND", "1"), ("SOCKET_EVENTS_BURST", "2")];
    let app = TestApp::with(Backend::Sqlite, &limits).await;
    let ada = app.user("ada").await;
    let (socket, other) = (ada.socket().await, ada.socket().await);
    for _ in 0..2 {
        assert_eq!(socket.refused("session:join", nowhere()).await, "not_found");
    }
    let mut last = 0;
    let mut refused = 0;
    // Each takes its time, so one more may pass now and then; a flood it is only after six refusals.
    for _ in 0..4 {
        let answer = socket.ask("session:join", nowhere()).await;
        if answer["error"]["code"] == "rate_limited" {
            let wait = answer["error"]["retryAfterMs"].as_u64().unwrap();
            assert!(wait > last, "{wait} after {last}");
            (last, refused) = (wait, refused + 1);
        }
    }
    assert!(refused >= 2, "{refused}");

    for _ in 0..20 {
        let _unanswered = socket.ask("session:join", nowhere()).now_or_never();
    }

    assert_eq!(socket.until_closed().await.1, End::Disconnect);
    assert_eq!(other.refused("session:join", nowhere()).await, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websockets_count_at_the_door() {
    let app = TestApp::with(Backend::Sqlite, &[("RATE_LIMIT", "on"), ("RATE_LIMIT_REQUESTS", "3/60s")]).await;
    let ada = app.user("ada").await;
    let _open = (ada.socket().await, ada.socket().await);

    let refusal = app.connect(Some(ada.token())).await.err().unwrap();

    assert!(refusal.contains("429"), "{refusal}");
    app.clock.advance(Duration::from_secs(20));
    ada.socket().await;
    let handshake = app.get("/socket.io/?EIO=4&transport=polling").await;
    handshake.assert_problem(429, "rate_limited");
    assert_eq!(handshake.header("retry-after"), Some("20"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_limits_a_connection_may_send_what_it_likes() {
    let limits = [("SOCKET_EVENTS_PER_SECOND", "1"), ("SOCKET_EVENTS_BURST", "1"), ("RATE_LIMIT_REQUESTS", "1/24h")];
    let app = TestApp::with(Backend::Sqlite, &limits).await;
    let socket = app.user("ada").await.socket().await;
    for _ in 0..50 {
        assert_eq!(socket.refused("session:join", nowhere()).await, "not_found");
    }
}
