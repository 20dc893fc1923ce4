//! A database that the previous release made, with data in it, is served by this one.

use std::sync::Arc;

use rondo_testkit::{Backend, Room, TestApp, TestDb, on_each_database, shape::assert_counted};
use serde_json::{Value, json};

fn dump(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => include_str!("../../upgrade/sqlite.sql"),
        Backend::Postgres => include_str!("../../upgrade/postgres.sql"),
    }
}

on_each_database! {
    async fn the_data_of_the_previous_release_is_read_and_written_on(backend: Backend) {
        let database = Arc::new(TestDb::create(backend).await);
        database.run(dump(backend)).await;

        let app = TestApp::over(&database, &[]).await;

        app.verify().await;
        let ada = app.sign_in("ada@example.org", "the password of Ada").await;
        let grace = app.sign_in("grace@example.org", "the password of Grace").await;
        assert_eq!(ada.get("/api/users/me").await.told(200)["bio"], "Counts");
        let sessions = ada.get("/api/sessions").await.told(200)["items"].take();
        let named = |name: &str| {
            let session = sessions.as_array().unwrap().iter().find(|session| session["name"] == name).unwrap();
            Room { id: session["id"].as_str().unwrap().to_owned(), session: session.clone() }
        };
        assert_eq!(sessions.as_array().unwrap().len(), 2, "the third was deleted");
        let (hall, study) = (named("The great hall"), named("The study"));
        assert_eq!((&hall.session["memberCount"], &study.session["memberCount"]), (&json!(2), &json!(2)));

        let messages = hall.messages(&grace).await;
        assert_counted(&messages, "seq", 13);
        assert_eq!(messages[0]["content"], "Message 1 ñ 🙂");
        assert_eq!(messages[2]["content"], "Said better");
        assert_eq!((&messages[4]["content"], messages[4]["deletedAt"].is_string()), (&Value::Null, true));
        assert_eq!(messages[3]["replyTo"], messages[0]["id"]);
        let events = hall.events(&grace).await;
        let last = hall.session["lastPosition"].as_u64().unwrap();
        assert_counted(&events, "position", usize::try_from(last).unwrap());

        let mut socket = grace.socket().await;
        let joined = socket.join_after(&hall.id, last - 2).await;
        assert_eq!((&joined["recovered"], joined["events"].as_array().unwrap().len()), (&json!(true), 2));
        assert_eq!(hall.post(&ada, "Still here").await["seq"], 14);
        assert_eq!(socket.next_lasting().await.position(), last + 1);
        let body = json!({"content": "Message 7 ñ 🙂", "clientMessageId": "c-7"});
        let again = grace.post(&hall.path("/messages")).json(body).await.told(200);
        assert_eq!(again, messages[6], "a send of before the upgrade still has effect once");
        study.admit(&ada, &app.user("newcomer").await, "member").await;
        app.sweep().await;
        app.verify().await;
    }
}
