//! `PATCH /api/sessions/{id}`

use std::time::Duration;

use rondo_testkit::{TestApp, on_each_database, shape::assert_session};
use serde_json::{Value, json};

on_each_database! {
    async fn what_is_left_out_stays_and_null_empties(app: TestApp) {
        let ada = app.user("ada").await;
        let wish = app.session().with("description", "about").with("color", "teal");
        let room = wish.with("imageUrl", "https://rondo.dev/a.png").owned_by(&ada).create().await;
        app.clock.advance(Duration::from_secs(1));

        let body = json!({"name": " Another name ", "description": null, "color": ""});
        let session = ada.patch(&room.path("")).json(body).await.told(200);

        assert_session(&session);
        assert_eq!(session["name"], "Another name");
        assert_eq!((&session["description"], &session["color"]), (&Value::Null, &Value::Null));
        assert_eq!(session["imageUrl"], "https://rondo.dev/a.png");
        assert_eq!(session["visibility"], "private");
        assert!(session["updatedAt"].as_str() > session["createdAt"].as_str());
        assert_eq!((&session["role"], &session["lastPosition"]), (&json!("owner"), &json!(1)));
        assert_eq!(room.seen_by(&ada).await, session);
    }

    async fn a_change_that_changes_nothing_is_no_event(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().named("A room").owned_by(&ada).create().await;
        app.clock.advance(Duration::from_secs(1));

        for body in [json!({}), json!({"name": "A room", "description": null})] {
            let session = ada.patch(&room.path("")).json(body).await.told(200);
            assert_eq!(session, room.session);
        }
        assert_eq!(room.events(&ada).await, [json!(null); 0]);
    }

    async fn only_owners_change_it(app: TestApp) {
        let (ada, grace, eve) = (app.user("ada").await, app.user("grace").await, app.user("eve").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let private = app.session().owned_by(&ada).create().await;
        let body = json!({"name": "Mine now"});

        grace.patch(&room.path("")).json(body.clone()).await.assert_problem(403, "forbidden");
        eve.patch(&room.path("")).json(body.clone()).await.assert_problem(403, "forbidden");
        eve.patch(&private.path("")).json(body).await.assert_problem(404, "not_found");
        assert_eq!(room.seen_by(&ada).await["name"], "A room");
        assert_eq!(private.seen_by(&ada).await, private.session);
    }

    async fn a_closed_door_hides_it_from_outsiders_and_not_from_members(app: TestApp) {
        let (ada, grace, eve) = (app.user("ada").await, app.user("grace").await, app.user("eve").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;

        ada.patch(&room.path("")).json(json!({"visibility": "private"})).await.assert_status(200);

        eve.get(&room.path("")).await.assert_problem(404, "not_found");
        eve.post(&room.path("/join")).await.assert_problem(404, "not_found");
        assert_eq!(room.seen_by(&grace).await["visibility"], "private");
        assert_eq!(eve.get("/api/sessions/public").await.told(200)["items"], json!([]));
    }

    async fn a_new_name_is_found(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().named("Viejo").public().owned_by(&ada).create().await;

        ada.patch(&room.path("")).json(json!({"name": "Ñuevo"})).await.assert_status(200);

        let found = async |query: &str| {
            let page = ada.get(&format!("/api/sessions/public?query={query}")).await.told(200);
            page["items"].as_array().unwrap().len()
        };
        assert_eq!((found("%C3%B1uevo").await, found("viejo").await), (1, 0));
    }

    async fn each_broken_rule_names_its_field_and_changes_nothing(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        for (field, value, code) in [
            ("name", json!(null), "wrong_type"),
            ("name", json!(""), "required"),
            ("name", json!("x".repeat(101)), "too_long"),
            ("visibility", json!(null), "wrong_type"),
            ("visibility", json!("secret"), "invalid_value"),
            ("description", json!("x".repeat(1_001)), "too_long"),
            ("color", json!("#1"), "invalid_format"),
            ("lastSeq", json!(7), "unknown_field"),
            ("role", json!("owner"), "unknown_field"),
        ] {
            ada.patch(&room.path("")).json(json!({field: value})).await.assert_field(field, code);
        }
        assert_eq!(room.seen_by(&ada).await, room.session);
    }
}
