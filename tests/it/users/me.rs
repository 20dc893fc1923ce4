//! `GET` and `PATCH /api/users/me`

use rondo_testkit::{TestApp, on_each_database, shape::assert_own_user};
use serde_json::{Value, json};

const ME: &str = "/api/users/me";

on_each_database! {
    async fn one_sees_oneself_with_the_address(app: TestApp) {
        let ada = app.user("ada").await;

        let me = ada.get(ME).await.told(200);

        assert_own_user(&me);
        assert_eq!((&me["id"], &me["displayName"], &me["email"]), (&json!(ada.id), &json!("ada"), &json!(ada.email)));
    }

    async fn what_is_left_out_stays_and_null_empties(app: TestApp) {
        let ada = app.user("ada").await;
        let change = async |body: Value| ada.patch(ME).json(body).await.told(200);

        let full = json!({"displayName": " Ada L. ", "avatarUrl": "https://rondo.dev/a.png", "bio": "Left-footed. 🦶"});
        let me = change(full).await;
        assert_own_user(&me);
        assert_eq!(me["displayName"], "Ada L.");
        assert_eq!((&me["avatarUrl"], &me["bio"]), (&json!("https://rondo.dev/a.png"), &json!("Left-footed. 🦶")));

        let me = change(json!({"bio": null})).await;
        assert_eq!((&me["avatarUrl"], &me["bio"]), (&json!("https://rondo.dev/a.png"), &Value::Null));
        let me = change(json!({"avatarUrl": "  "})).await;
        assert_eq!((&me["avatarUrl"], &me["displayName"]), (&Value::Null, &json!("Ada L.")));
        assert_eq!(change(json!({})).await, me);
        assert_eq!(ada.get(ME).await.told(200), me);
    }

    async fn each_broken_rule_names_its_field_and_changes_nothing(app: TestApp) {
        let ada = app.user("ada").await;
        let before = ada.get(ME).await.told(200);

        for (field, value, code) in [
            ("displayName", json!(null), "wrong_type"),
            ("displayName", json!(" "), "required"),
            ("displayName", json!("x".repeat(101)), "too_long"),
            ("displayName", json!("A\0"), "nul_character"),
            ("bio", json!("x".repeat(501)), "too_long"),
            ("bio", json!(7), "wrong_type"),
            ("avatarUrl", json!("javascript:alert(1)"), "invalid_format"),
            ("avatarUrl", json!(format!("https://rondo.dev/{}", "x".repeat(2_048))), "too_long"),
            ("email", json!("other@example.org"), "unknown_field"),
            ("id", json!(ada.id), "unknown_field"),
        ] {
            ada.patch(ME).json(json!({field: value})).await.assert_field(field, code);
        }
        assert_eq!(ada.get(ME).await.told(200), before);
    }

    async fn a_new_name_shows_on_what_was_written_before(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        room.post(&ada, "hi").await;

        ada.patch(ME).json(json!({"displayName": "Countess"})).await.assert_status(200);

        assert_eq!(room.messages(&ada).await[0]["author"]["displayName"], "Countess");
    }
}
