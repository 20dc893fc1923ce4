//! `POST /api/auth/register`

use rondo_testkit::{
    Answer, TestApp, on_each_database,
    shape::{assert_fields, assert_own_user},
};
use serde_json::{Value, json};

fn ada() -> Value {
    json!({"email": "ada@example.org", "password": "correct horse", "displayName": "Ada"})
}

async fn register(app: &TestApp, body: Value) -> Answer {
    app.post("/api/auth/register").json(body).await
}

/// Ada's registration with one field changed.
async fn with(app: &TestApp, field: &str, value: impl Into<Value>) -> Answer {
    let mut body = ada();
    body[field] = value.into();
    register(app, body).await
}

on_each_database! {
    async fn a_new_account_is_signed_in(app: TestApp) {
        let body = json!({"email": " Ada@Example.ORG ", "password": "correct horse", "displayName": "  Ada  "});

        let tokens = register(&app, body).await.told(201);

        assert_fields(&tokens, &["accessToken", "tokenType", "expiresIn", "user"]);
        assert_eq!((&tokens["tokenType"], &tokens["expiresIn"]), (&json!("Bearer"), &json!(900)));
        assert_own_user(&tokens["user"]);
        assert_eq!(tokens["user"]["email"], "ada@example.org");
        assert_eq!(tokens["user"]["displayName"], "Ada");
        assert_eq!((&tokens["user"]["avatarUrl"], &tokens["user"]["bio"]), (&Value::Null, &Value::Null));
        let me = app.get("/api/users/me").bearer(tokens["accessToken"].as_str().unwrap()).await.told(200);
        assert_eq!(me, tokens["user"]);
    }

    async fn the_refresh_token_comes_as_a_cookie_that_scripts_cannot_read(app: TestApp) {
        let answer = register(&app, ada()).await;

        answer.assert_status(201);
        let (token, mut attributes) = answer.refresh_cookie().unwrap();
        assert!(token.len() >= 43, "256 bits, in base64");
        attributes.sort_unstable();
        // In development the port has no TLS, so the cookie is neither Secure nor `__Host-`.
        assert_eq!(attributes, ["httponly", "max-age=2592000", "path=/", "samesite=strict"]);
    }

    async fn an_address_has_one_account_whatever_its_case(app: TestApp) {
        register(&app, ada()).await.assert_status(201);

        let again = with(&app, "email", "ADA@Example.Org").await;

        again.assert_problem(409, "conflict");
        assert_eq!(again.field_errors(), [("email".to_owned(), "taken".to_owned())]);
    }

    async fn all_that_is_missing_or_wrong_is_told_at_once(app: TestApp) {
        let told = |answer: Answer| {
            answer.assert_problem(422, "validation_failed");
            let mut told = answer.field_errors();
            told.sort();
            told.into_iter().map(|(field, code)| format!("{field} {code}")).collect::<Vec<_>>()
        };
        let missing = told(register(&app, json!({})).await);
        assert_eq!(missing, ["displayName required", "email required", "password required"]);
        let mixed = register(&app, json!({"email": 1, "password": "correct horse", "name": "Ada"})).await;
        assert!(!mixed.body.to_string().contains("expected"), "{}", mixed.body);
        assert_eq!(told(mixed), ["displayName required", "email wrong_type", "name unknown_field"]);
    }

    async fn of_two_who_register_an_address_at_once_one_gets_it(app: TestApp) {
        let (one, other) = tokio::join!(register(&app, ada()), register(&app, ada()));

        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }

    async fn each_broken_rule_names_its_field(app: TestApp) {
        with(&app, "password", "123456789").await.assert_field("password", "too_short");
        with(&app, "password", "x".repeat(73)).await.assert_field("password", "too_long");
        with(&app, "password", "ñ".repeat(37)).await.assert_field("password", "too_long");
        for email in ["ada", "ada@", "@example.org", "ada@localhost", "a da@example.org", "ada@b@example.org"] {
            with(&app, "email", email).await.assert_field("email", "invalid_format");
        }
        with(&app, "email", format!("{}@example.org", "a".repeat(250))).await.assert_field("email", "too_long");
        with(&app, "displayName", "x".repeat(101)).await.assert_field("displayName", "too_long");
        with(&app, "displayName", " \t ").await.assert_field("displayName", "required");
        for (field, text) in [("email", "a\0@example.org"), ("password", "1234\u{0}567890"), ("displayName", "A\0")] {
            with(&app, field, text).await.assert_field(field, "nul_character");
        }
    }

    async fn a_body_of_the_wrong_shape_names_its_field(app: TestApp) {
        with(&app, "nickname", "Ada").await.assert_field("nickname", "unknown_field");
        with(&app, "includeRefreshToken", true).await.assert_field("includeRefreshToken", "unknown_field");
        for field in ["email", "password", "displayName"] {
            let mut body = ada();
            body.as_object_mut().unwrap().remove(field);
            register(&app, body).await.assert_field(field, "required");
            for value in [json!(7), json!(null), json!(["a"]), json!({})] {
                with(&app, field, value).await.assert_field(field, "wrong_type");
            }
        }
        register(&app, json!(["ada@example.org"])).await.assert_field("body", "wrong_type");
    }

    async fn all_faults_are_told_at_once(app: TestApp) {
        let answer = register(&app, json!({"email": "ada", "password": "short", "displayName": ""})).await;

        answer.assert_problem(422, "validation_failed");
        let fields: Vec<_> = answer.field_errors().into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["email", "password", "displayName"]);
    }

    async fn what_is_not_json_is_refused_before_it_is_read(app: TestApp) {
        let path = "/api/auth/register";
        for text in ["", "{", "nope", r#"{"email": }"#, r#"{"email": "a@b.org",}"#] {
            app.post(path).body("application/json", text).await.assert_problem(400, "malformed_json");
        }
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            app.post(path).body(media_type, ada().to_string()).await.assert_problem(415, "unsupported_media_type");
        }
        app.post(path).await.assert_problem(415, "unsupported_media_type");
    }

    async fn limits_themselves_are_within(app: TestApp) {
        let longest = json!({"email": "a@b.org", "password": "x".repeat(72), "displayName": "🦤".repeat(100)});
        register(&app, longest).await.assert_status(201);
        let shortest = json!({"email": "c@d.org", "password": "ñandúñandú", "displayName": "A"});
        register(&app, shortest).await.assert_status(201);
    }
}
