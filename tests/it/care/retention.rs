//! What is past its use goes, and clients are told the truth about it.

use std::time::Duration;

use rondo_testkit::{Backend, Person, Room, TestApp, on_each_database};
use serde_json::json;

const SHORT: &[(&str, &str)] = &[("EVENT_RETENTION", "60")];
/// Longer than that.
const LONG: Duration = Duration::from_secs(61);

async fn said(room: &Room, author: &Person, count: usize) {
    for number in 0..count {
        room.post(author, &format!("message {number}")).await;
    }
}

on_each_database! {
    async fn before_the_kept_log_nothing_is_recovered(backend: Backend) {
        let app = TestApp::with(backend, SHORT).await;
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        said(&room, &ada, 3).await;
        app.clock.advance(LONG);
        said(&room, &ada, 2).await;

        assert_eq!(app.sweep().await.events, 3);

        for (after, recovered, count) in [(0, false, 0), (2, false, 0), (3, true, 2), (4, true, 1), (6, false, 0)] {
            let page = ada.get(&room.path(&format!("/events?after={after}"))).await.told(200);
            let joined = ada.socket().await.join_after(&room.id, after).await;
            for (answer, events) in [(&page, &page["items"]), (&joined, &joined["events"])] {
                assert_eq!((&answer["recovered"], &answer["position"]), (&json!(recovered), &json!(5)), "after {after}");
                assert_eq!(events.as_array().unwrap().len(), count, "after {after}");
            }
        }
        assert_eq!(room.messages(&ada).await.len(), 5, "messages stay");
        let mut socket = ada.socket().await;
        socket.join_after(&room.id, 5).await;
        said(&room, &ada, 1).await;
        assert_eq!(socket.next_lasting().await.position(), 6);
        app.verify().await;
    }

    async fn a_deleted_session_is_told_of_until_it_is_gone(backend: Backend) {
        let app = TestApp::with(backend, SHORT).await;
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        said(&room, &grace, 2).await;
        ada.delete(&room.path("")).await.assert_status(204);
        assert_eq!(app.sweep().await.sessions, 0);
        assert_eq!(room.events(&grace).await.len(), 4);

        app.clock.advance(LONG);
        assert_eq!(app.sweep().await.sessions, 1);

        grace.get(&room.path("/events?after=0")).await.assert_problem(404, "not_found");
        app.verify().await;
    }

    async fn who_listens_and_writes_meanwhile_notices_nothing(backend: Backend) {
        const ROUNDS: usize = 5;
        const EACH: usize = 12;
        let app = TestApp::with(backend, SHORT).await;
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let mut socket = ada.socket().await;
        socket.join(&room.id).await;

        let mut swept = 0;
        for _ in 0..ROUNDS {
            let (round, ()) = tokio::join!(app.sweep(), said(&room, &ada, EACH));
            swept += round.events;
            app.clock.advance(LONG);
        }
        swept += app.sweep().await.events;

        assert_eq!(swept, (ROUNDS * EACH) as u64);
        for position in 1..=swept {
            assert_eq!(socket.next_lasting().await.position(), position);
        }
        app.verify().await;
    }
}
