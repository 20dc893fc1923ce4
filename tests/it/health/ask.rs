//! `GET /health`, `/health/live` and `/health/ready`

use rondo_testkit::{Backend, TestApp, on_each_database, shape::assert_fields};
use serde_json::json;

on_each_database! {
    async fn a_server_that_serves_is_ok_in_every_part(app: TestApp) {
        for path in ["/health", "/health/ready"] {
            let health = app.get(path).await.told(200);
            assert_fields(&health, &["status", "version", "checks"]);
            assert_eq!(health["status"], "ok");
            assert_eq!(health["checks"], json!({"database": "ok", "cache": "ok", "bus": "ok"}));
        }
    }

    async fn a_server_without_its_redis_serves_and_says_what_is_missing(backend: Backend) {
        // Nobody listens on a port that was just given back.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("redis://127.0.0.1:{port}");
        let app = TestApp::with(backend, &[("REDIS_URL", &url)]).await;
        for path in ["/health", "/health/ready"] {
            let health = app.get(path).await.told(200);
            assert_eq!(health["status"], "degraded");
            assert_eq!(health["checks"], json!({"database": "ok", "cache": "error", "bus": "error"}));
        }
        let ada = app.user("ada").await;
        assert_eq!(ada.get("/api/sessions").await.told(200)["items"], json!([]));
    }

    async fn the_process_alone_is_alive(app: TestApp) {
        let health = app.get("/health/live").await.told(200);
        assert_eq!(health["status"], "ok");
        assert!(health["version"].as_str().is_some_and(|version| version.split('.').count() == 3), "{health}");
    }
}
