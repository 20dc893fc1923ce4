//! The demo's accounts, whose passwords are public.

use std::{sync::Arc, time::Duration};

use rondo_testkit::{Backend, Server, TestApp, TestDb, Tokens, eventually, on_each_database};
use serde_json::json;

const DEMO: (&str, &str) = ("demo@rondo.dev", "rondo-demo-2026");
const GUEST: (&str, &str) = ("guest@rondo.dev", "rondo-guest-2026");
const PRODUCTION: [(&str, &str); 2] = [("APP_ENV", "production"), ("BCRYPT_COST", "10")];
const LONG: Duration = Duration::from_secs(15);
const WARNING: &str = "demo accounts whose passwords are public";

on_each_database! {
    async fn in_production_they_are_closed_for_as_long_as_they_have_them(backend: Backend) {
        let database = Arc::new(TestDb::create(backend).await);
        let development = TestApp::over(&database, &[("DEMO", "on")]).await;
        let ada = development.user("ada").await;
        let login = json!({"email": DEMO.0, "password": DEMO.1, "includeRefreshToken": true});
        let tokens = Tokens::of(&development.post("/api/auth/login").json(login).await.told(200));
        let refresh = json!({"refreshToken": tokens.refresh});
        drop(development);

        let production = TestApp::over(&database, &PRODUCTION).await;
        for (email, password) in [DEMO, GUEST] {
            let login = production.post("/api/auth/login").json(json!({"email": email, "password": password})).await;
            login.assert_problem(401, "invalid_credentials");
        }
        let refreshed = production.post("/api/auth/refresh").json(refresh.clone()).await;
        refreshed.assert_problem(401, "unauthenticated");
        production.sign_in(&ada.email, &ada.password).await;
        drop(production);

        let development = TestApp::over(&database, &[]).await;
        let tokens = Tokens::of(&development.post("/api/auth/refresh").json(refresh).await.told(200));
        let change = json!({"currentPassword": DEMO.1, "newPassword": "known to one alone"});
        development.post("/api/auth/password").bearer(&tokens.access).json(change).await.assert_status(204);
        drop(development);

        let production = TestApp::over(&database, &PRODUCTION).await;
        let tokens = production.sign_in(DEMO.0, "known to one alone").await.login().await;
        let refresh = json!({"refreshToken": tokens.refresh});
        production.post("/api/auth/refresh").json(refresh).await.assert_status(200);
    }

    async fn a_start_in_production_says_that_they_are_there(backend: Backend) {
        let mut server = Server::with(backend, &[("DEMO", "on")]).await;
        assert!(!server.said().contains(WARNING));
        server.terminate().await;
        server.restart_with(&[&PRODUCTION[..], &[("DEMO", "off")]].concat()).await;
        eventually("the warning", LONG, async || server.said().contains(WARNING)).await;
        server.terminate().await;
        assert_eq!(server.said().matches(WARNING).count(), 1, "{}", server.said());
    }

    async fn a_start_promises_the_login_where_it_is(backend: Backend) {
        const PROMISE: &str = "demo login";
        let (empty, mut used) = (Server::with(backend, &[("DEMO", "on")]).await, Server::start(backend).await);
        eventually("the promise", LONG, async || empty.said().contains(PROMISE)).await;
        used.user("ada").await;
        used.terminate().await;

        used.restart_with(&[("DEMO", "on")]).await;

        used.get("/health").await.assert_status(200);
        used.terminate().await;
        assert!(!used.said().contains(PROMISE), "{}", used.said());
    }
}
