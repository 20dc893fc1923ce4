//! `DELETE /api/sessions/{id}/members/{userId}`

use rondo_testkit::{TestApp, on_each_database};
use serde_json::json;

on_each_database! {
    async fn who_is_removed_loses_the_session_and_its_room_and_is_told(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().named("Fulbito").owned_by(&ada).create().await;
        room.admit(&ada, &grace, "member").await;
        let mut socket = grace.socket().await;
        socket.join(&room.id).await;

        ada.delete(&room.member_path(&grace)).await.assert_status(204);

        let removed = socket.next_event("member:remove").await;
        assert_eq!(removed.data, json!({"sessionId": room.id, "userId": grace.id, "position": 2}));
        room.post(&ada, "without grace").await;
        assert_eq!(socket.refused("session:join", json!({"sessionId": room.id})).await, "not_found");
        assert_eq!(socket.heard_lasting(), []);
        grace.get(&room.path("")).await.assert_problem(404, "not_found");
        assert_eq!(room.seen_by(&ada).await["memberCount"], 1);
        let notification = &grace.notifications().await[0];
        assert_eq!(notification["type"], "member_removed");
        let by = json!({"id": ada.id, "displayName": "ada"});
        assert_eq!(notification["data"], json!({"sessionId": room.id, "sessionName": "Fulbito", "by": by}));
    }

    async fn the_last_owner_is_not_removed(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        room.admit(&ada, &grace, "owner").await;

        grace.delete(&room.member_path(&ada)).await.assert_status(204);

        grace.delete(&room.member_path(&grace)).await.assert_problem(409, "conflict");
        assert_eq!(room.seen_by(&grace).await["memberCount"], 1);
    }

    async fn who_removes_oneself_leaves(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;

        grace.delete(&room.member_path(&grace)).await.assert_status(204);

        assert_eq!(grace.notifications().await.len(), 0);
        ada.delete(&room.member_path(&grace)).await.assert_problem(404, "not_found");
        room.join(&grace).await;
    }
}
