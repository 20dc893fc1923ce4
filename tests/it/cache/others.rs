//! What others do shows in time; what they do to somebody's rights, at once.

use std::time::Duration;

use rondo_testkit::{Person, Room, TestApp, eventually, on_each_database};
use serde_json::Value;

/// What the contract promises, and what a busy machine may take on top.
const TWO_SECONDS: Duration = Duration::from_secs(2 + 8);

async fn listed(person: &Person, room: &Room) -> Option<Value> {
    let page = person.get("/api/sessions").await.told(200);
    page["items"].as_array().unwrap().iter().find(|session| session["id"] == room.id.as_str()).cloned()
}

on_each_database! {
    async fn activity_shows_within_two_seconds_however_often_one_looks(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        assert_eq!(listed(&grace, &room).await.unwrap()["lastSeq"], 0);
        room.post(&ada, "hello").await;
        eventually("the message is counted", TWO_SECONDS, async || {
            listed(&grace, &room).await.unwrap()["lastSeq"] == 1
        })
        .await;
    }

    async fn rights_show_at_once(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        for role in ["viewer", "moderator", "member"] {
            assert!(listed(&grace, &room).await.is_some());
            room.change_role(&ada, &grace, role).await;
            assert_eq!(listed(&grace, &room).await.unwrap()["role"], role);
        }
        ada.delete(&room.member_path(&grace)).await.assert_status(204);
        assert_eq!(listed(&grace, &room).await, None);

        room.join(&grace).await;
        assert!(listed(&grace, &room).await.is_some());
        ada.delete(&room.path("")).await.assert_status(204);
        assert_eq!(listed(&grace, &room).await, None);
    }

    async fn an_ended_login_is_not_answered_from_what_is_kept(app: TestApp) {
        let ada = app.user("ada").await;
        let other = ada.with_token(&ada.login().await.access);
        other.get("/api/sessions").await.assert_status(200);
        other.post("/api/auth/logout").await.assert_status(204);
        other.get("/api/sessions").await.assert_problem(401, "unauthenticated");
        ada.get("/api/sessions").await.assert_status(200);
    }
}
