//! Limits as REST tells them.

use std::time::Duration;

use rondo_testkit::{Backend, TestApp};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_cannot_be_guessed_at_without_end_and_time_gives_it_back() {
    let limits = [("RATE_LIMIT", "on"), ("RATE_LIMIT_LOGIN_ACCOUNT", "3/15m")];
    let app = TestApp::with(Backend::Sqlite, &limits).await;
    let ada = app.user("ada").await;
    let guess = |password: &str| {
        app.post("/api/auth/login").json(json!({"email": ada.email.to_uppercase(), "password": password}))
    };
    for _ in 0..3 {
        guess("some other password").await.assert_problem(401, "invalid_credentials");
    }

    let answer = guess(&ada.password).await;

    answer.assert_problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), Some("300"));
    let told = answer.header("ratelimit").unwrap();
    assert!(told.ends_with(r#""logins-by-account";r=0;t=300"#), "{told}");
    ada.get("/api/users/me").await.assert_status(200);
    app.clock.advance(Duration::from_mins(5));
    guess(&ada.password).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_tells_what_is_left() {
    let figures = [("RATE_LIMIT", "on"), ("RATE_LIMIT_REQUESTS", "200/2s"), ("RATE_LIMIT_SESSIONS", "60/1h")];
    let app = TestApp::with(Backend::Sqlite, &figures).await;
    let ada = app.user("ada").await;

    let answer = ada.post("/api/sessions").json(json!({"name": "Fulbito"})).await;

    answer.assert_status(201);
    let policy = r#""requests";q=200;w=2, "new-sessions";q=60;w=3600"#;
    assert_eq!(answer.header("ratelimit-policy"), Some(policy));
    assert_eq!(answer.header("ratelimit"), Some(r#""requests";r=198;t=1, "new-sessions";r=59;t=60"#));
    let health = app.get("/health").await;
    assert_eq!(health.header("ratelimit"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_says_where_it_comes_from_by_the_word_of_trusted_proxies_alone() {
    let trusting = ("TRUSTED_PROXIES", "127.0.0.0/8");
    let cases: [(&[(&str, &str)], _); 3] = [
        (&[("TRUSTED_PROXIES", "none")], "127.0.0.1"),
        (&[trusting], "198.51.100.7"),
        (&[trusting, ("CLIENT_ADDRESS_HEADER", "Fly-Client-IP")], "192.0.2.77"),
    ];
    for (settings, expected) in cases {
        let app = TestApp::with(Backend::Sqlite, settings).await;
        let ada = app.user("ada").await;
        let login = app.post("/api/auth/login").json(json!({"email": ada.email, "password": ada.password}));
        let answer = login.header("x-forwarded-for", "203.0.113.9, 198.51.100.7").header("fly-client-ip", "192.0.2.77");
        let answer = answer.await.told(200);

        let logins = ada.with_token(answer["accessToken"].as_str().unwrap()).get("/api/auth/logins").await.told(200);

        let addresses: Vec<_> = logins["items"].as_array().unwrap().iter().map(|login| &login["address"]).collect();
        assert!(addresses.iter().any(|address| **address == expected), "{logins}");
    }
}
