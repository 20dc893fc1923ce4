//! `POST /api/sessions`

use rondo_testkit::{TestApp, on_each_database, shape::assert_session};
use serde_json::{Value, json};

const PATH: &str = "/api/sessions";

on_each_database! {
    async fn its_maker_owns_it(app: TestApp) {
        let ada = app.user("ada").await;

        let answer = ada.post(PATH).json(json!({"name": "  Fulbito del jueves  "})).await;

        answer.assert_status(201);
        let session = &answer.body;
        assert_session(session);
        let expected = json!({
            "id": session["id"], "name": "Fulbito del jueves", "description": null, "color": null, "imageUrl": null,
            "visibility": "private", "role": "owner", "memberCount": 1, "lastSeq": 0, "lastPosition": 0,
            "unreadCount": 0, "lastMessageAt": null, "createdAt": session["createdAt"],
            "updatedAt": session["createdAt"],
        });
        assert_eq!(*session, expected);
        let location = answer.header("location").unwrap();
        assert_eq!(location, format!("{PATH}/{}", session["id"].as_str().unwrap()));
        assert_eq!(ada.get(location).await.told(200), *session);
    }

    async fn every_field_is_kept_as_it_came(app: TestApp) {
        let ada = app.user("ada").await;
        let wish = json!({
            "name": "Ñandú 🦤 <b>&amp;", "description": "two\nlines", "color": "#75AADB",
            "imageUrl": "https://rondo.dev/a.png?x=1&y=2", "visibility": "public",
        });

        let session = ada.post(PATH).json(wish.clone()).await.told(201);

        for (field, value) in wish.as_object().unwrap() {
            assert_eq!(session[field], *value, "{field}");
        }
    }

    async fn each_broken_rule_names_its_field(app: TestApp) {
        let ada = app.user("ada").await;
        for (field, value, code) in [
            ("name", json!(""), "required"),
            ("name", json!(" \n "), "required"),
            ("name", json!("x".repeat(101)), "too_long"),
            ("name", json!("a\0b"), "nul_character"),
            ("name", json!(null), "wrong_type"),
            ("description", json!("x".repeat(1_001)), "too_long"),
            ("description", json!("\0"), "nul_character"),
            ("color", json!("#12345"), "invalid_format"),
            ("imageUrl", json!("ftp://rondo.dev/a.png"), "invalid_format"),
            ("visibility", json!("secret"), "invalid_value"),
            ("visibility", json!("Public"), "invalid_value"),
            ("visibility", json!(true), "wrong_type"),
            ("owner", json!(ada.id), "unknown_field"),
        ] {
            let mut body = json!({"name": "A room"});
            body[field] = value;
            ada.post(PATH).json(body).await.assert_field(field, code);
        }
        ada.post(PATH).json(json!({})).await.assert_field("name", "required");
        let full = json!({"name": "🦤".repeat(100), "description": "ñ".repeat(1_000)});
        ada.post(PATH).json(full).await.assert_status(201);
        let mine = ada.get(PATH).await.told(200);
        assert_eq!(mine["items"].as_array().map(Vec::len), Some(1), "what was refused made nothing");
    }

    async fn blank_and_null_are_no_text(app: TestApp) {
        let ada = app.user("ada").await;
        let body = json!({"name": "A room", "description": "  ", "color": null, "imageUrl": "", "visibility": null});

        let session = ada.post(PATH).json(body).await.told(201);

        for field in ["description", "color", "imageUrl"] {
            assert_eq!(session[field], Value::Null, "{field}");
        }
        assert_eq!(session["visibility"], "private");
    }
}
