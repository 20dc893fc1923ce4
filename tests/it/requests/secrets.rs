//! Nothing that is somebody's own stands in a log.

use std::time::Duration;

use rondo_testkit::{Backend, Server, Tokens, eventually, invitation_path, on_each_database};
use serde_json::json;

on_each_database! {
    async fn no_address_password_token_or_message_is_in_the_log(backend: Backend) {
        let mut server = Server::with(backend, &[("LOG_FORMAT", "json"), ("RUST_LOG", "debug")]).await;
        let (ada, grace) = (server.user("ada").await, server.user("grace").await);
        let login = ada.login().await;
        let wrong = json!({"email": "marked-address@example.org", "password": "marked password"});
        server.post("/api/auth/login").json(wrong.clone()).await.assert_status(401);
        let mut extra = wrong.clone();
        extra["marked-field"] = json!("marked value");
        server.post("/api/auth/login").json(extra).await.assert_status(422);
        let body = json!({"refreshToken": login.refresh});
        let rotated = Tokens::of(&server.post("/api/auth/refresh").json(body.clone()).await.told(200));
        server.post("/api/auth/refresh").cookie(&rotated.refresh).await.assert_status(200);
        server.post("/api/auth/refresh").json(body).await.assert_status(401);
        let changed = json!({"currentPassword": ada.password, "newPassword": "marked new password"});
        ada.post("/api/auth/password").json(changed).await.assert_status(204);
        ada.with_token("marked.bearer.token").get("/api/users/me").await.assert_status(401);
        let room = server.session().owned_by(&ada).create().await;
        let invitation = room.invite(&ada, &grace, "member").await;
        grace.post(&invitation_path(&invitation, "/accept")).await.assert_status(200);
        ada.get(&format!("/api/users?query={}", rondo_testkit::percent(&grace.email))).await.assert_status(200);
        let message = room.post(&ada, "marked message").await;
        let edit = json!({"content": "marked edit"});
        ada.patch(&room.message_path(&message)).json(edit).await.assert_status(200);
        ada.post(&room.path("/messages")).body("application/json", "{marked malformed").await.assert_status(400);
        let socket = grace.socket().await;
        socket.join(&room.id).await;
        socket.done("message:create", json!({"sessionId": room.id, "content": "marked live message"})).await;
        socket.refused("message:create", json!({"marked-event-field": "marked"})).await;
        assert_eq!(server.connect(Some("marked.socket.token")).await.err().as_deref(), Some("unauthenticated"));
        let last = server.get("/api/users/me").header("x-request-id", "the-last-request").await;
        last.assert_status(401);

        eventually("the last line", Duration::from_secs(5), async || server.said().contains("the-last-request")).await;
        server.terminate().await;

        let said = server.said();
        assert!(said.lines().count() > 20, "it hardly says anything: {said}");
        let own = [&ada, &grace].map(|person| [person.email.as_str(), &person.password, person.token()]);
        let tokens = [&login, &rotated].map(|tokens| [tokens.access.as_str(), &tokens.refresh]);
        for secret in own.concat().into_iter().chain(tokens.concat()).chain(["marked"]) {
            let line = said.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is in the log");
        }
    }
}
