//! Who may connect, and for how long.

use std::time::Duration;

use rondo_testkit::{Backend, End, TestApp, forged, on_each_database, unsigned};
use serde_json::json;

on_each_database! {
    async fn only_a_good_token_opens_a_connection(app: TestApp) {
        let ada = app.user("ada").await;
        let ended = ada.login().await;
        app.post("/api/auth/logout").bearer(&ended.access).await.assert_status(204);

        for (token, code) in [
            (None, "unauthenticated"),
            (Some(""), "unauthenticated"),
            (Some("nonsense"), "unauthenticated"),
            (Some(forged(ada.token(), "another key, which is as long as ours").as_str()), "unauthenticated"),
            (Some(unsigned(ada.token()).as_str()), "unauthenticated"),
            (Some(ended.access.as_str()), "unauthenticated"),
        ] {
            assert_eq!(app.connect(token).await.err().as_deref(), Some(code), "{token:?}");
        }
        app.clock.advance(Duration::from_secs(901));
        assert_eq!(app.connect(Some(ada.token())).await.err().as_deref(), Some("token_expired"));
    }

    async fn a_connection_ends_with_its_token_unless_it_was_renewed(app: TestApp) {
        let ada = app.user("ada").await;
        let (renewed, other) = (ada.socket().await, ada.socket().await);
        app.clock.advance(Duration::from_mins(10));
        let fresh = ada.login().await.access;
        let answer = renewed.done("auth:refresh", json!({"token": fresh})).await;
        assert!(answer["expiresAt"].is_string(), "{answer}");
        app.clock.advance(Duration::from_secs(302));

        let (_, end) = other.until_closed().await;

        assert_eq!(end, End::Disconnect);
        let room = app.session().owned_by(&ada.with_token(&fresh)).create().await;
        renewed.join(&room.id).await;
    }

    async fn an_older_token_of_the_same_login_does_not_shorten_a_connection(app: TestApp) {
        let ada = app.user("ada").await;
        let older = ada.login().await;
        app.clock.advance(Duration::from_mins(10));
        let body = json!({"refreshToken": older.refresh});
        let newer = app.post("/api/auth/refresh").json(body).await.told(200)["accessToken"].take();
        let newer = newer.as_str().unwrap();
        let socket = ada.with_token(newer).socket().await;

        let until = socket.done("auth:refresh", json!({"token": older.access})).await;

        assert_eq!(until, socket.done("auth:refresh", json!({"token": newer})).await);
        app.clock.advance(Duration::from_secs(302));
        assert_eq!(socket.refused("auth:refresh", json!({"token": older.access})).await, "token_expired");
        let room = app.session().owned_by(&ada.with_token(newer)).create().await;
        socket.join(&room.id).await;

        // By another login it stands for as long as that one's token.
        let other = ada.login().await.access;
        let by_other = socket.done("auth:refresh", json!({"token": other})).await;
        assert!(by_other["expiresAt"].as_str() > until["expiresAt"].as_str(), "{by_other}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_of_ours_is_told_so() {
    let app = TestApp::start(Backend::Sqlite).await;
    let socket = app.user("ada").await.socket().await;

    for name in ["message:explode", "", "disconnecting", "session"] {
        assert_eq!(socket.refused(name, json!({})).await, "unknown_event", "{name}");
    }
    for payload in [json!(null), json!([]), json!("x"), json!({}), json!({"sessionId": 7}), json!({"sessionId": "x"})] {
        assert_eq!(socket.refused("session:join", payload.clone()).await, "validation_failed", "{payload}");
    }
    let extra = json!({"sessionId": rondo_domain::SessionId::generate(), "since": 1});
    assert_eq!(socket.refused("session:join", extra).await, "validation_failed");
}
