//! `GET /api/sessions/{id}/presence` and what the room hears of coming and going.

use std::time::Duration;

use rondo_testkit::{
    Backend, Person, Room, TestApp, eventually, on_each_database,
    shape::{assert_fields, assert_user},
};
use serde_json::{Value, json};

async fn present(room: &Room, reader: &Person) -> Value {
    let page = reader.get(&room.path("/presence")).await.told(200);
    assert_fields(&page, &["items", "nextCursor", "presenceCount"]);
    page
}

on_each_database! {
    async fn a_person_comes_once_and_goes_once_however_many_connections(backend: Backend) {
        let app = TestApp::with(backend, &[("PRESENCE_GRACE_MS", "0")]).await;
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut inside = ada.socket().await;
        inside.join(&room.id).await;
        let (first, second) = (grace.socket().await, grace.socket().await);

        first.join(&room.id).await;
        let came = inside.next_event("session:join").await.data;
        assert_fields(&came, &["sessionId", "user", "connections", "since"]);
        assert_user(&came["user"]);
        assert_eq!((&came["user"]["id"], &came["connections"]), (&json!(grace.id), &json!(1)));
        second.join(&room.id).await;
        second.join(&room.id).await; // a connection counts once

        let page = present(&room, &ada).await;
        assert_eq!(page["presenceCount"], 2);
        let hers = page["items"].as_array().unwrap().iter().find(|item| item["user"]["id"] == grace.id.as_str());
        assert_eq!(hers.unwrap()["connections"], 2);

        first.done("session:leave", json!({"sessionId": room.id})).await;
        assert_eq!(present(&room, &ada).await["presenceCount"], 2);
        drop(second);
        let gone = inside.next_event("session:leave").await.data;
        assert_fields(&gone, &["sessionId", "user"]);
        assert_eq!(gone["user"]["id"], grace.id);
        assert_eq!(present(&room, &ada).await["presenceCount"], 1);
    }

    async fn who_comes_back_within_the_grace_was_never_away(backend: Backend) {
        let app = TestApp::with(backend, &[("PRESENCE_GRACE_MS", "2000")]).await;
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut inside = ada.socket().await;
        inside.join(&room.id).await;
        let socket = grace.socket().await;
        socket.join(&room.id).await;
        inside.next_event("session:join").await;

        drop(socket);
        let back = grace.socket().await;
        back.join(&room.id).await;

        eventually("one connection", Duration::from_secs(5), async || {
            let page = present(&room, &ada).await;
            let items = page["items"].as_array().unwrap();
            items.iter().all(|item| item["connections"] == 1) && items.len() == 2
        })
        .await;
        inside.refused("no:event", json!({})).await;
        assert!(inside.heard().iter().all(|event| event.name != "session:join" && event.name != "session:leave"));
    }

    async fn who_loses_the_session_is_not_there_any_more(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let (mut inside, socket) = (ada.socket().await, grace.socket().await);
        inside.join(&room.id).await;
        socket.join(&room.id).await;
        ada.delete(&room.member_path(&grace)).await.assert_status(204);
        inside.next_event("member:remove").await;
        eventually("her absence", Duration::from_secs(2), async || present(&room, &ada).await["presenceCount"] == 1).await;
    }
}
