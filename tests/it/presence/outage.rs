//! What ends while the database is away is told all the same.

use std::sync::Arc;

use rondo_testkit::{Backend, TestApp, TestDb, on_each_database};
use serde_json::json;

on_each_database! {
    async fn ends_of_typing_and_of_presence_are_told_when_the_store_cannot_say_whose_they_are(backend: Backend) {
        let database = Arc::new(TestDb::create(backend).await);
        let app = TestApp::over(&database, &[]).await;
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let (mut hers, other) = (ada.socket().await, grace.socket().await);
        hers.join(&room.id).await;
        other.join(&room.id).await;
        other.done("typing:start", json!({"sessionId": room.id})).await;
        hers.next_event("typing:start").await;

        database.run("ALTER TABLE app_user RENAME TO somewhere_else").await;
        other.done("session:leave", json!({"sessionId": room.id})).await;
        let stopped = hers.next_event("typing:stop").await.data;
        database.run("ALTER TABLE somewhere_else RENAME TO app_user").await;

        let left = hers.next_event("session:leave").await.data;
        assert_eq!((&stopped["user"]["id"], &left["user"]["id"]), (&json!(grace.id), &json!(grace.id)));
    }
}
