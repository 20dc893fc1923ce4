//! `DELETE /api/sessions/{id}`

use rondo_testkit::{TestApp, on_each_database};
use serde_json::json;

on_each_database! {
    async fn a_deleted_session_is_gone_for_everybody(app: TestApp) {
        let (ada, grace, eve) = (app.user("ada").await, app.user("grace").await, app.user("eve").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;

        ada.delete(&room.path("")).await.assert_status(204);

        for person in [&ada, &grace, &eve] {
            person.get(&room.path("")).await.assert_problem(404, "not_found");
            person.delete(&room.path("")).await.assert_problem(404, "not_found");
            person.patch(&room.path("")).json(json!({"name": "x"})).await.assert_problem(404, "not_found");
            person.get(&room.path("/messages")).await.assert_problem(404, "not_found");
            let post = person.post(&room.path("/messages")).json(json!({"content": "hi"})).await;
            post.assert_problem(404, "not_found");
            person.post(&room.path("/join")).await.assert_problem(404, "not_found");
            person.post(&room.path("/leave")).await.assert_problem(404, "not_found");
            assert_eq!(person.get("/api/sessions").await.told(200)["items"], json!([]));
            assert_eq!(person.get("/api/sessions/public").await.told(200)["items"], json!([]));
        }
    }

    async fn its_log_stays_for_those_who_were_in_it(app: TestApp) {
        let (ada, grace, eve) = (app.user("ada").await, app.user("grace").await, app.user("eve").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        room.post(&ada, "hi").await;

        ada.delete(&room.path("")).await.assert_status(204);

        for person in [&ada, &grace] {
            let events = room.events(person).await;
            let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
            assert_eq!(kinds, ["member:update", "message:create", "session:delete"]);
            assert_eq!(events[2], json!({"type": "session:delete", "position": 3, "data": {"sessionId": room.id}}));
        }
        eve.get(&room.path("/events")).await.assert_problem(404, "not_found");
    }

    async fn only_owners_delete_it(app: TestApp) {
        let (ada, grace, eve) = (app.user("ada").await, app.user("grace").await, app.user("eve").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let private = app.session().owned_by(&ada).create().await;

        grace.delete(&room.path("")).await.assert_problem(403, "forbidden");
        eve.delete(&room.path("")).await.assert_problem(403, "forbidden");
        eve.delete(&private.path("")).await.assert_problem(404, "not_found");
        room.seen_by(&grace).await;
        private.seen_by(&ada).await;
    }
}
