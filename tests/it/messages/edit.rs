//! `PATCH /api/sessions/{id}/messages/{messageId}`

use rondo_testkit::{
    TestApp, on_each_database,
    shape::{assert_message, assert_time},
};
use serde_json::{Value, json};

on_each_database! {
    async fn an_edit_shows_and_is_heard(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let message = room.post(&ada, "hi").await;
        let mut socket = ada.socket().await;
        socket.join(&room.id).await;

        let edited = ada.patch(&room.message_path(&message)).json(json!({"content": " better "})).await.told(200);

        assert_message(&edited);
        assert_time(&edited["editedAt"]);
        assert_eq!((&edited["content"], &edited["seq"], &edited["id"]), (&json!("better"), &json!(1), &message["id"]));
        assert_eq!(room.messages(&ada).await, std::slice::from_ref(&edited));
        let event = room.events(&ada).await.remove(1);
        assert_eq!(event, json!({"type": "message:update", "position": 2, "data": edited}));
        assert_eq!(socket.next_event("message:update").await.position(), 2);
    }

    async fn the_same_content_changes_nothing(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let message = room.post(&ada, "hi").await;
        let answer = ada.patch(&room.message_path(&message)).json(json!({"content": "hi"})).await.told(200);
        assert_eq!(answer, message);
        assert_eq!(room.events(&ada).await.len(), 1);
    }

    async fn what_is_no_message_of_the_session_is_not_found(app: TestApp) {
        let ada = app.user("ada").await;
        let (room, other) = (app.session().owned_by(&ada).create().await, app.session().owned_by(&ada).create().await);
        let message = room.post(&ada, "hi").await;
        for path in [other.message_path(&message), room.path("/messages/x"), room.path(&format!("/messages/{}", room.id))] {
            ada.patch(&path).json(json!({"content": "better"})).await.assert_problem(404, "not_found");
            ada.delete(&path).await.assert_problem(404, "not_found");
        }
        assert_eq!(room.messages(&ada).await, [message]);
    }

    async fn content_keeps_its_rules_and_a_deleted_message_its_silence(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let message = room.post(&ada, "hi").await;
        let edit = async |body: Value| ada.patch(&room.message_path(&message)).json(body).await;
        edit(json!({"content": " "})).await.assert_field("content", "required");
        edit(json!({"content": "a\0"})).await.assert_field("content", "nul_character");
        edit(json!({"content": "x".repeat(4_001)})).await.assert_field("content", "too_long");
        edit(json!({"content": "x", "seq": 2})).await.assert_field("seq", "unknown_field");
        edit(json!({})).await.assert_field("content", "required");
        ada.delete(&room.message_path(&message)).await.assert_status(204);
        edit(json!({"content": "again"})).await.assert_problem(409, "conflict");
    }
}
