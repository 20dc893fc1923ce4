//! `POST /api/auth/login`

use rondo_testkit::{Answer, TestApp, on_each_database, shape::assert_fields};
use serde_json::{Value, json};

async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    app.post("/api/auth/login").json(json!({"email": email, "password": password})).await
}

/// A problem without what differs from one request to the next.
fn anonymous(answer: Answer) -> Value {
    let mut problem = answer.body;
    problem.as_object_mut().unwrap().remove("requestId");
    problem
}

on_each_database! {
    async fn who_knows_the_password_is_let_in(app: TestApp) {
        let ada = app.user("ada").await;

        let answer = login(&app, &ada.email.to_uppercase(), &ada.password).await;

        answer.assert_status(200);
        assert_fields(&answer.body, &["accessToken", "tokenType", "expiresIn", "user"]);
        assert_eq!(answer.body["user"]["id"], ada.id);
        assert!(answer.refresh_cookie().is_some());
        ada.with_token(answer.body["accessToken"].as_str().unwrap()).get("/api/users/me").await.assert_status(200);
    }

    async fn who_keeps_no_cookies_gets_the_refresh_token_in_the_body(app: TestApp) {
        let ada = app.user("ada").await;
        let body = json!({"email": ada.email, "password": ada.password, "includeRefreshToken": true});

        let answer = app.post("/api/auth/login").json(body).await;

        answer.assert_status(200);
        assert_fields(&answer.body, &["accessToken", "tokenType", "expiresIn", "user", "refreshToken"]);
        let (cookie, _) = answer.refresh_cookie().unwrap();
        assert_eq!(answer.body["refreshToken"], cookie);
    }

    async fn a_wrong_password_and_an_unknown_address_are_told_alike(app: TestApp) {
        let ada = app.user("ada").await;

        let wrong = login(&app, &ada.email, "some other password").await;
        let unknown = login(&app, "nobody@example.org", &ada.password).await;
        let strange = login(&app, "no address at all\0", "x").await;

        wrong.assert_problem(401, "invalid_credentials");
        assert!(wrong.refresh_cookie().is_none());
        let wrong = anonymous(wrong);
        assert_eq!(anonymous(unknown), wrong);
        assert_eq!(anonymous(strange), wrong);
    }

    async fn a_password_counts_to_its_last_byte(app: TestApp) {
        let password = "x".repeat(72);
        let body = json!({"email": "ada@example.org", "password": password, "displayName": "Ada"});
        app.post("/api/auth/register").json(body).await.assert_status(201);

        for wrong in [format!("{password}y"), format!("{password}\0"), "x".repeat(71), password.to_uppercase()] {
            login(&app, "ada@example.org", &wrong).await.assert_problem(401, "invalid_credentials");
        }
        login(&app, "ada@example.org", &password).await.assert_status(200);
    }

    async fn a_body_of_the_wrong_shape_names_its_field(app: TestApp) {
        let send = async |body: Value| app.post("/api/auth/login").json(body).await;
        send(json!({"email": "a@b.org"})).await.assert_field("password", "required");
        send(json!({"email": "a@b.org", "password": 1})).await.assert_field("password", "wrong_type");
        let extra = json!({"email": "a@b.org", "password": "x", "remember": true});
        send(extra).await.assert_field("remember", "unknown_field");
        let wrong = json!({"email": "a@b.org", "password": "x", "includeRefreshToken": "yes"});
        send(wrong).await.assert_field("includeRefreshToken", "wrong_type");
    }
}
