//! `POST /api/sessions/{id}/leave`

use rondo_testkit::{TestApp, on_each_database};
use serde_json::{Value, json};

on_each_database! {
    async fn who_leaves_a_public_session_must_join_again_to_read(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;

        room.leave(&grace).await;

        let seen = room.seen_by(&grace).await;
        assert_eq!((&seen["role"], &seen["memberCount"]), (&Value::Null, &json!(1)));
        grace.get(&room.path("/messages")).await.assert_problem(403, "forbidden");
        grace.get(&room.path("/events")).await.assert_problem(403, "forbidden");
        let post = grace.post(&room.path("/messages")).json(json!({"content": "hi"})).await;
        post.assert_problem(403, "forbidden");
        grace.post(&room.path("/leave")).await.assert_problem(403, "forbidden");
        assert_eq!(grace.get("/api/sessions").await.told(200)["items"], json!([]));
        assert_eq!(room.join(&grace).await["role"], "member");
    }

    async fn who_leaves_a_private_session_knows_nothing_of_it_any_more(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        ada.patch(&room.path("")).json(json!({"visibility": "private"})).await.assert_status(200);

        room.leave(&grace).await;

        grace.get(&room.path("")).await.assert_problem(404, "not_found");
        for below in ["/messages", "/events"] {
            grace.get(&room.path(below)).await.assert_problem(404, "not_found");
        }
        for below in ["/leave", "/join"] {
            grace.post(&room.path(below)).await.assert_problem(404, "not_found");
        }
    }

    async fn the_last_owner_cannot_leave(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;

        ada.post(&room.path("/leave")).await.assert_problem(409, "conflict");

        assert_eq!(room.seen_by(&ada).await["role"], "owner");
        assert_eq!(room.events(&ada).await.len(), 1, "nothing but the joining");
    }
}
