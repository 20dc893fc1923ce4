//! `DELETE /api/sessions/{id}/messages/{messageId}`

use futures_util::future::join_all;
use rondo_testkit::{
    TestApp, on_each_database,
    shape::{assert_message, assert_time},
};
use serde_json::{Value, json};

on_each_database! {
    async fn a_tombstone_stays_and_nothing_keeps_the_content(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let message = room.post(&ada, "a secret").await;
        let edit = json!({"content": "the secret"});
        ada.patch(&room.message_path(&message)).json(edit).await.assert_status(200);
        let mut socket = ada.socket().await;
        socket.join(&room.id).await;

        ada.delete(&room.message_path(&message)).await.assert_status(204);

        let tombstone = room.messages(&ada).await.remove(0);
        assert_message(&tombstone);
        assert_eq!((&tombstone["content"], &tombstone["seq"]), (&Value::Null, &json!(1)));
        assert_time(&tombstone["deletedAt"]);
        let heard = socket.next_event("message:delete").await;
        assert_eq!((heard.position(), &heard.data["content"]), (3, &Value::Null));
        let events = room.events(&ada).await;
        let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["message:create", "message:update", "message:delete"]);
        assert!(!json!(events).to_string().contains("secret"), "{events:?}");
        assert_eq!(room.post(&ada, "next").await["seq"], 2);
    }

    async fn deletes_at_once_are_one_event(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let message = room.post(&ada, "hi").await;
        let path = room.message_path(&message);
        let answers = join_all((0..8).map(async |_| ada.delete(&path).await.status)).await;
        assert_eq!(answers, [204; 8]);
        assert_eq!(room.events(&ada).await.len(), 2);
    }

    async fn a_repeated_client_message_id_gives_the_tombstone(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let body = json!({"content": "hi", "clientMessageId": "c-1"});
        let message = ada.post(&room.path("/messages")).json(body.clone()).await.told(201);
        ada.delete(&room.message_path(&message)).await.assert_status(204);
        let again = ada.post(&room.path("/messages")).json(body).await.told(200);
        assert_eq!((&again["id"], &again["content"]), (&message["id"], &Value::Null));
    }
}
