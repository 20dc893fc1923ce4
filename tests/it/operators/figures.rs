//! Each metric moves when what it tells of happens.

use std::time::Duration;

use rondo_testkit::{Backend, Person, Room, Socket, TestApp, eventually, on_each_database};
use serde_json::json;

use super::page::Page;

const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until a figure has grown by so much since a page was read.
async fn grows(app: &TestApp, since: &Page, by: f64, name: &str, labels: &[(&str, &str)]) {
    let before = since.sum(name, labels);
    let grown = async || Page::of(app).await.sum(name, labels) >= before + by;
    eventually(&format!("{name} {labels:?} from {before} by {by}"), PATIENCE, grown).await;
}

/// Waits until a figure stands there.
async fn stands_at(app: &TestApp, value: u32, name: &str, labels: &[(&str, &str)]) {
    let there = async || Page::of(app).await.sum(name, labels).total_cmp(&f64::from(value)).is_eq();
    eventually(&format!("{name} {labels:?} at {value}"), PATIENCE, there).await;
}

/// Two people in a room, both connected and joined.
async fn meeting(app: &TestApp) -> (Room, [Person; 2], [Socket; 2]) {
    let people = [app.user("ada").await, app.user("grace").await];
    let room = app.session().public().owned_by(&people[0]).create().await;
    room.join(&people[1]).await;
    let sockets = [people[0].socket().await, people[1].socket().await];
    for socket in &sockets {
        socket.join(&room.id).await;
    }
    (room, people, sockets)
}

on_each_database! {
    async fn requests_are_counted_by_route_method_and_status(app: TestApp) {
        let ada = app.user("ada").await;
        let before = Page::of(&app).await;

        ada.get("/api/sessions?limit=3").await.assert_status(200);
        ada.get("/api/sessions?limit=0").await.assert_status(422);
        app.get("/api/sessions").await.assert_status(401);
        app.get("/nowhere").await.assert_status(404);

        let route = ("route", "/api/sessions");
        for status in ["200", "422", "401"] {
            grows(&app, &before, 1.0, "rondo_http_requests_total", &[route, ("method", "GET"), ("status", status)]).await;
        }
        grows(&app, &before, 3.0, "rondo_http_request_duration_seconds_count", &[route]).await;
        grows(&app, &before, 1e-6, "rondo_http_request_duration_seconds_sum", &[route]).await;
        grows(&app, &before, 1.0, "rondo_http_requests_total", &[("route", "unmatched"), ("status", "404")]).await;
        stands_at(&app, 1, "rondo_http_requests_in_flight", &[]).await; // whoever asks
    }

    async fn answers_passwords_and_the_database_are_told_of(app: TestApp) {
        let before = Page::of(&app).await;
        let ada = app.user("ada").await;
        for _ in 0..2 {
            ada.get("/api/sessions").await.assert_status(200);
        }
        grows(&app, &before, 1.0, "rondo_hashing_duration_seconds_count", &[]).await;
        grows(&app, &before, 1.0, "rondo_answers_total", &[("what", "sessions"), ("outcome", "miss")]).await;
        grows(&app, &before, 1.0, "rondo_answers_total", &[("what", "sessions")]).await;
        stands_at(&app, 0, "rondo_hashing_in_progress", &[]).await;
        let now = Page::of(&app).await;
        assert!(now.sum("rondo_database_connections", &[]) >= 2.0);
        for dependency in ["database", "cache", "bus"] {
            stands_at(&app, 1, "rondo_dependency_up", &[("dependency", dependency)]).await;
        }
        stands_at(&app, 1, "rondo_build_info", &[]).await;
    }

    async fn messages_events_and_deliveries_are_counted(app: TestApp) {
        let before = Page::of(&app).await;
        let (room, [ada, _], [hers, _his]) = meeting(&app).await;
        stands_at(&app, 2, "rondo_socket_connections", &[("transport", "websocket")]).await;

        hers.done("message:create", json!({"sessionId": room.id, "content": "Hola"})).await;
        room.post(&ada, "Hola").await;
        hers.done("typing:start", json!({"sessionId": room.id})).await;
        assert_eq!(hers.refused("message:create", json!({"sessionId": room.id})).await, "validation_failed");

        grows(&app, &before, 2.0, "rondo_commit_batch_messages_sum", &[]).await;
        grows(&app, &before, 1.0, "rondo_commit_duration_seconds_count", &[]).await;
        grows(&app, &before, 4.0, "rondo_deliveries_total", &[("kind", "lasting")]).await;
        grows(&app, &before, 4.0, "rondo_delivery_lag_seconds_count", &[]).await;
        grows(&app, &before, 1e-7, "rondo_delivery_lag_seconds_sum", &[]).await;
        grows(&app, &before, 1.0, "rondo_deliveries_total", &[("kind", "passing")]).await;
        let message = ("event", "message:create");
        grows(&app, &before, 1.0, "rondo_socket_events_total", &[message, ("code", "ok")]).await;
        grows(&app, &before, 1.0, "rondo_socket_events_total", &[message, ("code", "validation_failed")]).await;
        grows(&app, &before, 2.0, "rondo_socket_event_duration_seconds_count", &[message]).await;
        grows(&app, &before, 2.0, "rondo_socket_admissions_total", &[("code", "ok")]).await;
        stands_at(&app, 0, "rondo_writer_waiting", &[]).await;
        stands_at(&app, 0, "rondo_hub_waiting", &[]).await;
        stands_at(&app, 0, "rondo_socket_outgoing_bytes", &[]).await;
    }

    async fn it_is_measured_how_soon_who_lost_a_right_is_silent(app: TestApp) {
        let (room, [ada, grace], sockets) = meeting(&app).await;
        let before = Page::of(&app).await;

        ada.delete(&room.member_path(&grace)).await.assert_status(204);
        grows(&app, &before, 1.0, "rondo_revocation_seconds_count", &[("of", "membership")]).await;
        ada.post("/api/auth/logout").await.assert_status(204);
        grows(&app, &before, 1.0, "rondo_revocation_seconds_count", &[("of", "login")]).await;
        grows(&app, &before, 1.0, "rondo_socket_disconnects_total", &[("reason", "server_disconnect")]).await;

        drop(sockets);
        stands_at(&app, 0, "rondo_socket_connections", &[]).await;
        assert!(app.connect(None).await.is_err());
        grows(&app, &before, 1.0, "rondo_socket_admissions_total", &[("code", "unauthenticated")]).await;
    }

    async fn what_is_for_a_person_is_counted_by_itself(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let mut socket = grace.socket().await;
        let before = Page::of(&app).await;
        room.invite(&ada, &grace, "member").await;
        socket.next_event("invitation:create").await;
        grows(&app, &before, 1.0, "rondo_deliveries_total", &[("kind", "personal")]).await;
    }

    async fn retention_tells_when_it_was_done(app: TestApp) {
        let before = Page::of(&app).await;
        let chore = [("chore", "retention")];
        assert!(before.samples.iter().all(|sample| sample.name != "rondo_chore_last_success_timestamp_seconds"));
        let (room, [ada, _], _) = meeting(&app).await;
        room.post(&ada, "old").await;
        app.clock.advance(Duration::from_hours(24 * 40));
        assert!(app.sweep().await.events > 0);
        grows(&app, &before, 1e9, "rondo_chore_last_success_timestamp_seconds", &chore).await;
        grows(&app, &before, 1.0, "rondo_retention_rows_total", &[("what", "events")]).await;
        stands_at(&app, 0, "rondo_chore_failures_total", &chore).await;
    }

    async fn operations_of_graphql_are_counted_by_type_and_code(app: TestApp) {
        let ada = app.user("ada").await;
        let before = Page::of(&app).await;
        let ask = async |query: &str| ada.post("/graphql").json(json!({"query": query})).await;
        ask("{ me { id } }").await.assert_status(200);
        ask("{ session(id: \"00000000-0000-7000-8000-000000000000\") { id } }").await;
        ask("mutation { createSession(input: {name: \"A room\"}) { id } }").await;
        ask("{ nothing }").await;
        ask("{").await;
        for _ in 0..3 {
            ask("{ sessions(first: 101) { nodes { id } } }").await; // one that would be kept, if it were whole
        }
        let operations = "rondo_graphql_operations_total";
        grows(&app, &before, 1.0, operations, &[("type", "query"), ("code", "ok")]).await;
        grows(&app, &before, 1.0, operations, &[("type", "mutation")]).await;
        stands_at(&app, 4, operations, &[("type", "query"), ("code", "validation_failed")]).await;
        grows(&app, &before, 1.0, operations, &[("type", "other")]).await;
        grows(&app, &before, 2.0, "rondo_graphql_operation_duration_seconds_count", &[("type", "query")]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_by_a_limit_are_counted_by_its_policy_on_every_surface() {
    let limits = [
        ("RATE_LIMIT", "on"),
        ("RATE_LIMIT_MESSAGES", "1/60s"),
        ("SOCKET_EVENTS_PER_SECOND", "1"),
        ("SOCKET_EVENTS_BURST", "4"),
    ];
    let app = TestApp::with(Backend::Sqlite, &limits).await;
    let ada = app.user("ada").await;
    let room = app.session().owned_by(&ada).create().await;
    let before = Page::of(&app).await;
    room.post(&ada, "one").await;
    let path = format!("/api/sessions/{}/messages", room.id);
    ada.post(&path).json(json!({"content": "two"})).await.assert_problem(429, "rate_limited");
    let socket = ada.socket().await;
    let message = json!({"sessionId": room.id, "content": "three"});
    assert_eq!(socket.refused("message:create", message.clone()).await, "rate_limited");
    grows(&app, &before, 2.0, "rondo_rate_limited_total", &[("policy", "messages")]).await;
    for _ in 0..6 {
        socket.ask("session:join", json!({"sessionId": room.id})).await;
    }
    grows(&app, &before, 1.0, "rondo_socket_events_refused_total", &[("reason", "rate")]).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_is_told_of() {
    let app = TestApp::start(Backend::Sqlite).await;
    let page = Page::of(&app).await;
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_threads",
    ] {
        assert!(page.sum(name, &[]) > 0.0, "{name}");
    }
    assert!(page.sum("process_open_fds", &[]) < page.sum("process_max_fds", &[]));
    assert!(page.sum("process_start_time_seconds", &[]) > 1.7e9);
}
