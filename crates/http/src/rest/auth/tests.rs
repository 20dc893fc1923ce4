//! Which cookies the operations set, take and clear.

use std::sync::atomic::Ordering;

use actix_web::{http::header, test::TestRequest};
use serde_json::json;

use crate::{
    state::HttpSettings,
    testing::{post, settings, stage},
};

#[actix_web::test]
async fn signing_up_sets_the_refresh_cookie() {
    let body = json!({"email": "ada@example.org", "password": "correct horse", "displayName": "Ada"});
    let answer = stage(&settings()).await.call(post("/api/auth/register", &body)).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["tokenType"], "Bearer");
    assert!(answer.json().get("refreshToken").is_none());
    let cookie = "rondo_refresh=secret; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000";
    assert_eq!(answer.cookies(), [cookie]);
    let secure = HttpSettings { secure_cookies: true, ..settings() };
    let answer = stage(&secure).await.call(post("/api/auth/register", &body)).await;
    let cookie = "__Host-rondo_refresh=secret; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=2592000";
    assert_eq!(answer.cookies(), [cookie]);
    let answer = stage(&secure).await.call(post("/api/auth/login", &json!({"email": "x", "password": ""}))).await;
    answer.assert_problem(401, "invalid_credentials");
}

const FORGET: &str = "rondo_refresh=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0";

#[actix_web::test]
async fn a_bad_refresh_cookie_is_cleared_and_a_bad_token_touches_none() {
    let stage = stage(&settings()).await;
    let cookie = ("cookie", "rondo_refresh=spent");
    let answer = stage.call(TestRequest::post().uri("/api/auth/refresh").insert_header(cookie)).await;
    answer.assert_problem(401, "unauthenticated");
    assert_eq!(answer.cookies(), [FORGET]);
    let in_body = post("/api/auth/refresh", &json!({"refreshToken": "spent"})).insert_header(cookie);
    let answer = stage.call(in_body).await;
    answer.assert_problem(401, "unauthenticated");
    assert!(answer.cookies().is_empty());
    let answer = stage.call(TestRequest::post().uri("/api/auth/refresh")).await;
    answer.assert_problem(401, "unauthenticated");
    assert!(answer.cookies().is_empty());
    stage.store.away.store(true, Ordering::Relaxed);
    let answer = stage.call(TestRequest::post().uri("/api/auth/refresh").insert_header(cookie)).await;
    answer.assert_problem(503, "unavailable");
    assert!(answer.cookies().is_empty(), "it may be good yet");
}

#[actix_web::test]
async fn signing_out_always_succeeds_and_clears_the_cookie() {
    let stage = stage(&settings()).await;
    let logout = || TestRequest::post().uri("/api/auth/logout");
    let requests = [
        logout(),
        logout().insert_header((header::COOKIE, "rondo_refresh=spent")),
        logout().set_json(json!({"refreshToken": "spent"})),
        logout().set_json(json!({})),
        logout().insert_header((header::AUTHORIZATION, "Bearer good")),
        logout().insert_header((header::AUTHORIZATION, "Bearer forged")),
        logout().insert_header((header::AUTHORIZATION, "Bearer expired")),
    ];
    for request in requests {
        let answer = stage.call(request).await;
        assert_eq!((answer.status.as_u16(), answer.cookies()), (204, vec![FORGET]));
    }
}

#[actix_web::test]
async fn pages_of_other_sites_cannot_use_the_cookie() {
    let stage = stage(&settings()).await;
    for path in ["/api/auth/refresh", "/api/auth/logout"] {
        let with_cookie = || TestRequest::post().uri(path).insert_header((header::COOKIE, "rondo_refresh=spent"));
        for forged in [
            with_cookie().insert_header((header::ORIGIN, "https://evil.dev")),
            with_cookie().insert_header(("sec-fetch-site", "cross-site")),
            with_cookie().insert_header((header::CONTENT_TYPE, "text/plain")).set_payload("{}"),
        ] {
            let answer = stage.call(forged).await;
            answer.assert_problem(403, "forbidden");
            assert!(answer.cookies().is_empty());
        }
    }
    let no_cookie =
        post("/api/auth/refresh", &json!({"refreshToken": "x"})).insert_header((header::ORIGIN, "https://a.dev"));
    stage.call(no_cookie).await.assert_problem(401, "unauthenticated");
}
