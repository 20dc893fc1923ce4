//! `POST /api/sessions/{id}/join`

use futures_util::future::join_all;
use rondo_testkit::{TestApp, on_each_database, shape::assert_session};
use serde_json::json;

on_each_database! {
    async fn who_joins_a_public_session_is_a_member_of_it(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.post(&ada, "before").await;

        let session = room.join(&grace).await;

        assert_session(&session);
        assert_eq!((&session["role"], &session["memberCount"]), (&json!("member"), &json!(2)));
        assert_eq!(room.seen_by(&grace).await, session);
        assert_eq!(room.messages(&grace).await.len(), 1, "what was said before is there to read");
        room.post(&grace, "hi").await;
    }

    async fn joining_twice_is_fine_and_changes_nothing(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;

        let first = room.join(&grace).await;

        assert_eq!(room.join(&grace).await, first);
        assert_eq!(room.join(&ada).await["role"], "owner");
        assert_eq!(room.events(&ada).await.len(), 1);
    }

    async fn joining_at_once_from_many_places_makes_one_member(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;

        join_all((0..8).map(|_| room.join(&grace))).await;

        assert_eq!(room.seen_by(&ada).await["memberCount"], 2);
        assert_eq!(room.events(&ada).await.len(), 1);
    }

    async fn nobody_joins_a_private_session_uninvited(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let room = app.session().owned_by(&ada).create().await;

        eve.post(&room.path("/join")).await.assert_problem(404, "not_found");

        assert_eq!(room.seen_by(&ada).await["memberCount"], 1);
        assert_eq!(room.join(&ada).await["role"], "owner", "who is in is in");
    }
}
