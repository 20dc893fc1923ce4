//! `POST /api/auth/logout`

use std::time::Duration;

use rondo_testkit::{Person, Site, TestApp, Tokens, eventually, on_each_database};
use serde_json::json;

const PATH: &str = "/api/auth/logout";
/// How long a cut login may still be believed.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// Insists that nothing of the login is good any more.
async fn assert_ended(site: &Site, person: &Person, login: &Tokens) {
    let refreshed = site.post("/api/auth/refresh").json(json!({"refreshToken": login.refresh})).await;
    refreshed.assert_problem(401, "unauthenticated");
    let person = person.with_token(&login.access);
    eventually("the end of a login", KNOWN_WITHIN, async || person.get("/api/users/me").await.status == 401).await;
    person.get("/api/users/me").await.assert_problem(401, "unauthenticated");
}

on_each_database! {
    async fn each_way_of_signing_out_ends_the_login_and_clears_the_cookie(app: TestApp) {
        let ada = app.user("ada").await;
        for way in ["body", "cookie", "access token"] {
            let login = ada.login().await;
            ada.with_token(&login.access).get("/api/users/me").await.assert_status(200);
            let request = match way {
                "body" => app.post(PATH).json(json!({"refreshToken": login.refresh})),
                "cookie" => app.post(PATH).cookie(&login.refresh),
                _ => app.post(PATH).bearer(&login.access),
            };

            let answer = request.await;

            answer.assert_status(204);
            let (value, attributes) = answer.refresh_cookie().unwrap();
            assert!(value.is_empty() && attributes.contains(&"max-age=0".to_owned()), "{way}: {attributes:?}");
            assert_ended(&app, &ada, &login).await;
        }
    }

    async fn the_whole_family_of_tokens_ends(app: TestApp) {
        let ada = app.user("ada").await;
        let first = ada.login().await;
        let body = json!({"refreshToken": first.refresh});
        let second = Tokens::of(&app.post("/api/auth/refresh").json(body.clone()).await.told(200));

        app.post(PATH).json(body).await.assert_status(204); // even by a spent token

        assert_ended(&app, &ada, &second).await;
    }

    async fn other_logins_stay(app: TestApp) {
        let ada = app.user("ada").await;
        let other = ada.login().await;

        ada.post(PATH).await.assert_status(204);

        let body = json!({"refreshToken": other.refresh});
        app.post("/api/auth/refresh").json(body).await.assert_status(200);
        ada.with_token(&other.access).get("/api/users/me").await.assert_status(200);
    }

    async fn who_is_not_signed_in_is_as_good_as_signed_out(app: TestApp) {
        app.post(PATH).await.assert_status(204);
        app.post(PATH).bearer("nonsense").await.assert_status(204);
        app.post(PATH).json(json!({"refreshToken": "nonsense"})).await.assert_status(204);
    }

    async fn no_page_of_another_site_signs_anybody_out(app: TestApp) {
        let ada = app.user("ada").await;
        let login = ada.login().await;

        let answer = app.post(PATH).cookie(&login.refresh).header("origin", "https://evil.example").await;

        answer.assert_problem(403, "forbidden");
        ada.with_token(&login.access).get("/api/users/me").await.assert_status(200);
    }
}
