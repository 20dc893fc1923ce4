//! Who may read the metrics, and where.

use rondo_testkit::{Backend, Site, TestApp};

use super::page::Page;

const TOKEN: &str = "a-token-for-operators";
const PRODUCTION: [(&str, &str); 2] = [("APP_ENV", "production"), ("BCRYPT_COST", "10")];

async fn app(settings: &[(&str, &str)]) -> TestApp {
    TestApp::with(Backend::Sqlite, settings).await
}

/// Insists that nothing is shown without the token, and all with it.
async fn assert_guarded(site: &Site) {
    let nobody = site.get("/metrics").await;
    nobody.assert_problem(401, "unauthenticated");
    assert_eq!(nobody.header("www-authenticate"), Some(r#"Bearer realm="rondo""#));
    for wrong in ["", "a", &TOKEN[1..], &format!("{TOKEN}x"), &TOKEN.to_uppercase()] {
        site.get("/metrics").bearer(wrong).await.assert_problem(401, "unauthenticated");
    }
    site.get("/metrics").header("authorization", format!("Basic {TOKEN}")).await.assert_problem(401, "unauthenticated");
    Page::read(&site.get("/metrics").bearer(TOKEN).await);
    for scheme in ["bearer", "BEARER"] {
        Page::read(&site.get("/metrics").header("authorization", format!("{scheme} {TOKEN}")).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_development_they_stand_open() {
    let app = app(&[]).await;
    Page::of(&app).await;
    assert!(app.operators().is_none());
    app.post("/metrics").await.assert_problem(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_they_are_not_there_without_a_token_or_an_address() {
    app(&PRODUCTION).await.get("/metrics").await.assert_problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_guards_them() {
    assert_guarded(&*app(&[("METRICS_TOKEN", TOKEN)]).await).await;
    let production = [&PRODUCTION[..], &[("METRICS_TOKEN", TOKEN)]].concat();
    assert_guarded(&*app(&production).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_of_their_own_takes_them_off_the_public_port() {
    let production = [&PRODUCTION[..], &[("METRICS_ADDR", "127.0.0.1:0")]].concat();
    for settings in [&production[..], &[("METRICS_ADDR", "127.0.0.1:0")]] {
        let app = app(settings).await;
        let operators = app.operators().unwrap();
        app.get("/metrics").await.assert_problem(404, "not_found");
        Page::of(&operators).await;
        for path in ["/", "/api/sessions", "/health", "/log-level"] {
            operators.get(path).await.assert_problem(404, "not_found");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_both_the_address_wants_the_token() {
    let app = app(&[("METRICS_ADDR", "127.0.0.1:0"), ("METRICS_TOKEN", TOKEN)]).await;
    app.get("/metrics").bearer(TOKEN).await.assert_problem(404, "not_found");
    assert_guarded(&app.operators().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switched_off_they_are_nowhere() {
    let app = app(&[("METRICS", "off"), ("METRICS_ADDR", "127.0.0.1:0")]).await;
    app.get("/metrics").await.assert_problem(404, "not_found");
    app.operators().unwrap().get("/metrics").await.assert_problem(404, "not_found");
}
