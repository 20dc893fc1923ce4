//! `rondo copy`

use std::sync::Arc;

use rondo_testkit::{Backend, TestApp, TestDb, on_each_database, rondo};
use serde_json::json;

const DEMO: (&str, &str) = ("demo@rondo.dev", "rondo-demo-2026");

fn other(backend: Backend) -> Backend {
    match backend {
        Backend::Sqlite => Backend::Postgres,
        Backend::Postgres => Backend::Sqlite,
    }
}

async fn copy(from: &TestDb, to: &TestDb) -> String {
    rondo(to, &["migrate"]).await.assert_ended(0);
    rondo(to, &["copy", "--from", from.url(), "--to", to.url()]).await.ended(0).out
}

on_each_database! {
    async fn an_instance_moves_to_another_database_and_goes_on_there(backend: Backend) {
        let here = Arc::new(TestDb::create(backend).await);
        let app = TestApp::over(&here, &[("DEMO", "on")]).await;
        let (demo, eve) = (app.sign_in(DEMO.0, DEMO.1).await, app.user("eve").await);
        let room = app.session().public().owned_by(&demo).create().await;
        room.join(&eve).await;
        let message = room.post(&eve, "ñ 🙂 'quoted' \\ \"too\"").await;
        demo.delete(&room.message_path(&room.post(&demo, "gone").await)).await.assert_status(204);
        let (events, sessions) = (room.events(&eve).await, demo.get("/api/sessions").await.told(200));
        drop(app);

        let (there, back) = (Arc::new(TestDb::create(other(backend)).await), TestDb::create(backend).await);
        let said = copy(&here, &there).await;
        assert_eq!(copy(&there, &back).await, said, "the same rows with the same hashes");
        assert!(said.contains("message ") && said.contains("hold the same"), "{said}");
        back.verify().await;

        let app = TestApp::over(&there, &[]).await;
        let demo = app.sign_in(DEMO.0, DEMO.1).await;
        let eve = app.sign_in(&eve.email, &eve.password).await;
        assert_eq!(demo.get("/api/sessions").await.told(200), sessions);
        assert_eq!(room.events(&eve).await, events);
        assert_eq!(room.messages(&eve).await[0], message);
        assert_eq!(room.post(&eve, "on").await["seq"], json!(3));
        app.verify().await;
    }

    async fn a_copy_goes_into_an_empty_database_alone(backend: Backend) {
        let (here, there) = (TestDb::create(backend).await, TestDb::create(other(backend)).await);
        rondo(&here, &["migrate"]).await.assert_ended(0);
        let refused = rondo(&here, &["copy", "--from", here.url(), "--to", there.url()]).await.ended(1);
        assert!(refused.err.contains("the target: "), "{refused:?}");
        let refused = rondo(&here, &["copy", "--from", "mysql://here", "--to", there.url()]).await.ended(2);
        assert!(refused.err.contains("names no database that Rondo knows"), "{refused:?}");
    }
}
