//! `POST /api/auth/refresh`

use std::time::Duration;

use futures_util::future::join_all;
use rondo_testkit::{Answer, Site, TestApp, Tokens, on_each_database, shape::assert_fields};
use serde_json::json;

const PATH: &str = "/api/auth/refresh";
const DAY: Duration = Duration::from_hours(24);

async fn refresh(site: &Site, token: &str) -> Answer {
    site.post(PATH).json(json!({"refreshToken": token})).await
}

/// The next refresh token, provided that there is one.
async fn next(site: &Site, token: &str) -> String {
    Tokens::of(&refresh(site, token).await.told(200)).refresh
}

async fn refused(site: &Site, token: &str) {
    refresh(site, token).await.assert_problem(401, "unauthenticated");
}

on_each_database! {
    async fn a_token_in_the_body_is_answered_in_the_body(app: TestApp) {
        let ada = app.user("ada").await;
        let first = ada.login().await;

        let answer = refresh(&app, &first.refresh).await;

        answer.assert_status(200);
        assert_fields(&answer.body, &["accessToken", "tokenType", "expiresIn", "user", "refreshToken"]);
        assert!(answer.refresh_cookie().is_none());
        let second = Tokens::of(&answer.body);
        assert_ne!(second.refresh, first.refresh, "every use rotates");
        ada.with_token(&second.access).get("/api/users/me").await.assert_status(200);
        next(&app, &second.refresh).await;
    }

    async fn a_token_in_the_cookie_is_answered_with_a_cookie_alone(app: TestApp) {
        let ada = app.user("ada").await;
        let first = ada.login().await;

        for request in [app.post(PATH), app.post(PATH).json(json!({}))] {
            let answer = request.cookie(&first.refresh).await;
            answer.assert_status(200);
            assert_fields(&answer.body, &["accessToken", "tokenType", "expiresIn", "user"]);
            let (second, attributes) = answer.refresh_cookie().unwrap();
            assert_ne!(second, first.refresh);
            assert!(attributes.contains(&"httponly".to_owned()));
        }
    }

    async fn a_lost_answer_is_given_again_and_voids_the_one_before(app: TestApp) {
        let first = app.user("ada").await.login().await.refresh;
        let lost = next(&app, &first).await;
        app.clock.advance(Duration::from_secs(29));

        let second = next(&app, &first).await;

        refused(&app, &lost).await;
        next(&app, &second).await;
    }

    async fn a_spent_token_whose_successor_was_used_ends_the_login(app: TestApp) {
        let ada = app.user("ada").await;
        let first = ada.login().await;
        let second = next(&app, &first.refresh).await;
        let third = Tokens::of(&refresh(&app, &second).await.told(200));

        refused(&app, &first.refresh).await;

        refused(&app, &third.refresh).await;
        for access in [&first.access, &third.access] {
            let answer = ada.with_token(access).get("/api/users/me").await;
            answer.assert_problem(401, "unauthenticated");
        }
        ada.get("/api/users/me").await.assert_status(200); // another login of the same person
    }

    async fn after_the_grace_a_spent_token_ends_the_login(app: TestApp) {
        let first = app.user("ada").await.login().await.refresh;
        let second = next(&app, &first).await;
        app.clock.advance(Duration::from_secs(31));

        refused(&app, &first).await;

        refused(&app, &second).await;
    }

    async fn a_token_is_good_for_thirty_days_from_its_making(app: TestApp) {
        let ada = app.user("ada").await;
        let (kept, idle) = (ada.login().await.refresh, ada.login().await.refresh);
        app.clock.advance(29 * DAY);
        let kept = next(&app, &kept).await;
        app.clock.advance(DAY);

        refused(&app, &idle).await;

        app.clock.advance(28 * DAY);
        next(&app, &kept).await;
    }

    async fn tabs_that_ask_at_once_all_get_tokens_and_one_stays_in_force(app: TestApp) {
        let first = app.user("ada").await.login().await.refresh;

        let answers = join_all((0..4).map(|_| refresh(&app, &first))).await;

        let mut in_force = 0;
        for answer in answers {
            let successor = Tokens::of(&answer.told(200)).refresh;
            match refresh(&app, &successor).await.status {
                200 => in_force += 1,
                status => assert_eq!(status, 401),
            }
        }
        assert_eq!(in_force, 1);
    }

    async fn the_cookie_serves_no_page_of_another_site(app: TestApp) {
        let token = app.user("ada").await.login().await.refresh;
        let with = |header: &str, value: &str| app.post(PATH).cookie(&token).header(header, value);

        for (header, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost.evil.example"),
            ("sec-fetch-site", "cross-site"),
        ] {
            with(header, value).await.assert_problem(403, "forbidden");
        }
        // What a form of another site can send.
        app.post(PATH).cookie(&token).body("text/plain", "{}").await.assert_problem(403, "forbidden");

        let own = format!("http://{}", app.address());
        with("origin", &own).header("sec-fetch-site", "same-origin").await.assert_status(200);
    }

    async fn what_is_no_refresh_token_is_refused_and_its_cookie_cleared(app: TestApp) {
        let ada = app.user("ada").await;
        for token in ["", "x", ada.token(), &"x".repeat(5_000)] {
            refused(&app, token).await;
        }
        app.post(PATH).await.assert_problem(401, "unauthenticated");
        app.post(PATH).json(json!({"refreshToken": 7})).await.assert_field("refreshToken", "wrong_type");
        app.post(PATH).json(json!({"token": "x"})).await.assert_field("token", "unknown_field");

        let answer = app.post(PATH).cookie("nothing-of-ours").await;

        answer.assert_problem(401, "unauthenticated");
        let (value, attributes) = answer.refresh_cookie().unwrap();
        assert!(value.is_empty() && attributes.contains(&"max-age=0".to_owned()), "{attributes:?}");
    }
}
