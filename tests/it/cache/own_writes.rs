//! What somebody does shows in what they read next.

use rondo_testkit::{Person, TestApp, invitation_path, on_each_database};
use serde_json::{Value, json};

const SESSIONS: &str = "/api/sessions";
const NOTIFICATIONS: &str = "/api/notifications";

/// The person's first page, which is kept from then on.
async fn sessions(person: &Person) -> Vec<Value> {
    person.get(SESSIONS).await.told(200)["items"].as_array().unwrap().clone()
}

on_each_database! {
    async fn over_rest(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        assert_eq!(sessions(&ada).await.len(), 0);

        let room = app.session().named("first").owned_by(&ada).create().await;
        assert_eq!(sessions(&ada).await[0]["name"], "first");

        ada.patch(&room.path("")).json(json!({"name": "second"})).await.assert_status(200);
        assert_eq!(sessions(&ada).await[0]["name"], "second");

        let message = room.post(&ada, "hello").await;
        assert_eq!(sessions(&ada).await[0]["lastSeq"], 1);

        ada.patch(&room.message_path(&message)).json(json!({"content": "hi"})).await.assert_status(200);
        assert_eq!(sessions(&ada).await[0]["lastPosition"], 3);

        ada.delete(&room.message_path(&message)).await.assert_status(204);
        assert_eq!(sessions(&ada).await[0]["lastPosition"], 4);

        assert_eq!(sessions(&grace).await.len(), 0);
        let invitation = room.invite(&ada, &grace, "viewer").await;
        grace.post(&invitation_path(&invitation, "/accept")).await.assert_status(200);
        assert_eq!(sessions(&grace).await[0]["role"], "viewer");

        room.leave(&grace).await;
        assert_eq!(sessions(&grace).await.len(), 0);

        ada.get("/api/users/me").await.assert_status(200);
        ada.patch("/api/users/me").json(json!({"displayName": "Countess"})).await.assert_status(200);
        assert_eq!(ada.get("/api/users/me").await.told(200)["displayName"], "Countess");

        ada.delete(&room.path("")).await.assert_status(204);
        assert_eq!(sessions(&ada).await.len(), 0);
    }

    async fn by_reading(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        room.post(&ada, "hello").await;
        assert_eq!(sessions(&grace).await[0]["unreadCount"], 1);
        grace.put(&room.path("/read")).json(json!({"seq": 1})).await.assert_status(204);
        assert_eq!(sessions(&grace).await[0]["unreadCount"], 0);

        room.change_role(&ada, &grace, "viewer").await;
        let page = grace.get(NOTIFICATIONS).await.told(200);
        assert_eq!(page["unreadCount"], 1);
        let id = page["items"][0]["id"].as_str().unwrap();
        grace.post(&format!("{NOTIFICATIONS}/{id}/read")).await.assert_status(204);
        assert_eq!(grace.get(NOTIFICATIONS).await.told(200)["unreadCount"], 0);

        room.change_role(&ada, &grace, "member").await;
        assert_eq!(grace.get(NOTIFICATIONS).await.told(200)["unreadCount"], 1, "what one is told is seen at once");
        grace.post(&format!("{NOTIFICATIONS}/read-all")).await.assert_status(204);
        assert_eq!(grace.get(NOTIFICATIONS).await.told(200)["unreadCount"], 0);
    }

    async fn over_a_socket(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        room.post(&ada, "hello").await;
        let socket = grace.socket().await;
        assert_eq!(sessions(&grace).await[0]["unreadCount"], 1);

        socket.done("message:read", json!({"sessionId": room.id, "seq": 1})).await;
        assert_eq!(sessions(&grace).await[0]["unreadCount"], 0);

        let message = socket.done("message:create", json!({"sessionId": room.id, "content": "hi"})).await;
        assert_eq!(sessions(&grace).await[0]["lastSeq"], 2);

        socket.done("message:update", json!({"messageId": message["id"], "content": "hey"})).await;
        let position = sessions(&grace).await[0]["lastPosition"].as_i64().unwrap();
        socket.done("message:delete", json!({"messageId": message["id"]})).await;
        assert_eq!(sessions(&grace).await[0]["lastPosition"], position + 1);

        let other = app.session().named("other").owned_by(&ada).create().await;
        let invitation = other.invite(&ada, &grace, "member").await;
        socket.done("invitation:accept", json!({"invitationId": invitation["id"]})).await;
        assert_eq!(sessions(&grace).await.len(), 2);
    }
}
