//! `GET /api/sessions/{id}`

use rondo_domain::SessionId;
use rondo_testkit::{TestApp, on_each_database, shape::assert_session};
use serde_json::{Value, json};

on_each_database! {
    async fn a_private_session_does_not_tell_outsiders_that_it_exists(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let room = app.session().owned_by(&ada).create().await;

        let hidden = eve.get(&room.path("")).await;
        let unknown = eve.get(&format!("/api/sessions/{}", SessionId::generate())).await;

        hidden.assert_problem(404, "not_found");
        unknown.assert_problem(404, "not_found");
        assert_eq!(hidden.body["detail"], unknown.body["detail"]);
    }

    async fn a_public_session_shows_itself_without_a_role(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.post(&ada, "hi").await;

        let seen = room.seen_by(&eve).await;

        assert_session(&seen);
        assert_eq!((&seen["role"], &seen["unreadCount"], &seen["lastSeq"]), (&Value::Null, &json!(0), &json!(1)));
        assert_eq!(room.seen_by(&ada).await["role"], "owner");
    }

    async fn a_malformed_id_names_nothing(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        for id in ["1", "x", "%00", "%20", "..%2f", &room.id.replace('-', ""), &format!("{}0", room.id)] {
            ada.get(&format!("/api/sessions/{id}")).await.assert_problem(404, "not_found");
            ada.get(&format!("/api/sessions/{id}/messages")).await.assert_problem(404, "not_found");
            ada.delete(&format!("/api/sessions/{id}")).await.assert_problem(404, "not_found");
        }
    }
}
