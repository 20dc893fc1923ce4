//! `POST /api/auth/password`

use std::time::Duration;

use rondo_testkit::{Answer, End, Person, TestApp, eventually, on_each_database};
use serde_json::json;

const PATH: &str = "/api/auth/password";
const NEW: &str = "battery horse correct";

async fn change(person: &Person, current: &str, new: &str) -> Answer {
    person.post(PATH).json(json!({"currentPassword": current, "newPassword": new})).await
}

on_each_database! {
    async fn every_other_login_ends_and_this_one_goes_on(app: TestApp) {
        let ada = app.user("ada").await;
        let other = ada.login().await;
        let elsewhere = ada.with_token(&other.access);
        let (mine, theirs) = (ada.socket().await, elsewhere.socket().await);

        change(&ada, &ada.password, NEW).await.assert_status(204);

        let refreshed = app.post("/api/auth/refresh").json(json!({"refreshToken": other.refresh})).await;
        refreshed.assert_problem(401, "unauthenticated");
        eventually("the end of the other login", Duration::from_secs(5), async || {
            elsewhere.get("/api/users/me").await.status == 401
        })
        .await;
        assert_eq!(theirs.until_closed().await.1, End::Disconnect);
        ada.get("/api/users/me").await.assert_status(200);
        assert_eq!(mine.refused("no:event", json!({})).await, "unknown_event");
        let login = async |password: &str| {
            app.post("/api/auth/login").json(json!({"email": ada.email, "password": password})).await
        };
        login(&ada.password).await.assert_problem(401, "invalid_credentials");
        login(NEW).await.assert_status(200);
    }

    async fn a_wrong_password_and_a_bad_new_one_change_nothing(app: TestApp) {
        let ada = app.user("ada").await;
        let other = ada.login().await;
        let wrong = change(&ada, "some other password", NEW).await;
        wrong.assert_problem(422, "validation_failed");
        assert_eq!(wrong.field_errors()[0].0, "currentPassword");
        change(&ada, &ada.password, "short").await.assert_field("newPassword", "too_short");
        change(&ada, &ada.password, &"x".repeat(73)).await.assert_field("newPassword", "too_long");
        ada.with_token(&other.access).get("/api/users/me").await.assert_status(200);
        ada.login().await;
    }
}
