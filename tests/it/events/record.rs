//! What is written down of each kind of change.

use std::time::Duration;

use rondo_testkit::{
    TestApp, on_each_database,
    shape::{assert_counted, assert_membership, assert_session_facts},
};
use serde_json::json;

on_each_database! {
    async fn each_lasting_change_is_one_event(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        let message = room.post(&ada, "hi").await;
        room.join(&grace).await;
        ada.patch(&room.path("")).json(json!({"name": "Another name"})).await.assert_status(200);
        room.leave(&grace).await;
        ada.delete(&room.path("")).await.assert_status(204);

        let events = room.events(&ada).await;

        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        let expected = ["message:create", "member:update", "session:update", "member:remove", "session:delete"];
        assert_eq!(kinds, expected);
        assert_counted(&events, "position", 5);
        assert_eq!(events[0]["data"], message);
        assert_eq!(events[3]["data"], json!({"sessionId": room.id, "userId": grace.id}));
        assert_eq!(events[4]["data"], json!({"sessionId": room.id}));
    }

    async fn who_joined_is_told_as_a_membership(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;

        room.join(&grace).await;

        let membership = &room.events(&ada).await[0]["data"];
        assert_membership(membership);
        assert_eq!(membership["sessionId"], room.id);
        assert_eq!((&membership["user"]["id"], &membership["role"]), (&json!(grace.id), &json!("member")));
    }

    async fn a_changed_session_is_told_without_what_is_one_persons_own(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        room.post(&ada, "hi").await;
        app.clock.advance(Duration::from_secs(1));

        let change = json!({"name": "Another name", "description": "about"});
        let mut session = ada.patch(&room.path("")).json(change).await.told(200);

        let events = room.events(&ada).await;
        let told = &events[1]["data"];
        assert_session_facts(told);
        assert_eq!(told["lastPosition"], 2, "it tells where the log stands with itself in it");
        let session = session.as_object_mut().unwrap();
        session.retain(|field, _| field != "role" && field != "unreadCount");
        assert_eq!(*told.as_object().unwrap(), *session);
    }

    async fn what_was_refused_leaves_no_event(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let room = app.session().public().owned_by(&ada).create().await;

        eve.post(&room.path("/messages")).json(json!({"content": "hi"})).await.assert_status(403);
        eve.patch(&room.path("")).json(json!({"name": "Mine"})).await.assert_status(403);
        eve.delete(&room.path("")).await.assert_status(403);
        eve.post(&room.path("/leave")).await.assert_status(403);
        ada.post(&room.path("/leave")).await.assert_status(409);
        ada.post(&room.path("/messages")).json(json!({"content": " "})).await.assert_status(422);

        assert_eq!(room.events(&ada).await, [json!(null); 0]);
        assert_eq!(room.seen_by(&ada).await, room.session);
    }
}
