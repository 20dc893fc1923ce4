//! Errors are told to whoever was named for that, and only they.

use rondo_testkit::{Backend, Server, on_each_database};
use serde_json::{Value, json};

use super::place::{Place, Report};

/// The event in an envelope.
fn event(report: &Report) -> Value {
    serde_json::from_str(report.body.lines().nth(2).unwrap()).unwrap()
}

on_each_database! {
    async fn an_internal_fault_is_told_with_its_request_and_nothing_of_a_person(backend: Backend) {
        let place = Place::open().await;
        let dsn = format!("http://0123456789abcdef@{}/42", place.address());
        let settings = [("SENTRY_DSN", dsn.as_str()), ("SENTRY_ENVIRONMENT", "tests"), ("RUST_LOG", "off")];
        let mut server = Server::with(backend, &settings).await;
        let ada = server.user("ada lovelace").await;
        let room = server.session().owned_by(&ada).create().await;
        let path = format!("/api/sessions/{}/messages", room.id);
        ada.post(&path).json(json!({"content": "between you and me"})).await.assert_status(201);
        // A kind of event that there is not: whoever reads the log finds it broken.
        server.database().run("UPDATE session_event SET kind = 'message:forged'").await;
        let read = ada.get(&format!("/api/sessions/{}/events?after=0", room.id)).header("x-request-id", "broken-one");
        read.await.assert_problem(500, "internal");
        ada.get("/api/sessions/x").await.assert_status(404);

        place.until("an envelope", |reports| !reports.is_empty()).await;
        let ended = server.terminate().await;
        assert!(ended.status.success());
        let taken = place.taken();
        assert_eq!(taken.len(), 1, "only what is at fault is told: {taken:?}");
        let Report { head, body } = &taken[0];
        assert!(head.starts_with("POST /api/42/envelope/ HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("sentry_key=0123456789abcdef") && head.contains("application/x-sentry-envelope"), "{head}");
        let event = event(&taken[0]);
        assert_eq!((&event["environment"], &event["level"]), (&json!("tests"), &json!("error")));
        assert!(event["release"].as_str().unwrap().starts_with("rondo@"));
        assert_eq!(event["transaction"], "GET /api/sessions/{id}/events");
        assert_eq!((&event["tags"]["request.id"], &event["tags"]["error.code"]), (&json!("broken-one"), &json!("internal")));
        for secret in ["between you and me", &ada.email, &ada.name, &ada.id, ada.token(), &room.id] {
            assert!(!body.contains(secret), "{secret} is in {body}");
        }
    }

    async fn a_fault_within_graphql_names_its_route_and_its_field(backend: Backend) {
        let place = Place::open().await;
        let dsn = format!("http://0123456789abcdef@{}/42", place.address());
        let mut server = Server::with(backend, &[("SENTRY_DSN", dsn.as_str()), ("RUST_LOG", "off")]).await;
        let ada = server.user("ada").await;
        let room = server.session().owned_by(&ada).create().await;
        room.post(&ada, "hello").await;
        server.database().run("UPDATE session_event SET kind = 'message:forged'").await;
        let query = format!("{{ room: session(id: \"{}\") {{ events {{ position }} }} }}", room.id);
        let answer = ada.post("/graphql").json(json!({"query": query})).await;
        assert_eq!(answer.body["errors"][0]["extensions"]["code"], "internal", "{}", answer.body);

        place.until("an envelope", |reports| !reports.is_empty()).await;
        assert!(server.terminate().await.status.success());
        let taken = place.taken();
        assert_eq!(taken.len(), 1, "{taken:?}");
        let event = event(&taken[0]);
        assert_eq!(event["transaction"], "POST /graphql Query.session");
        assert_eq!(event["tags"]["http.route"], "/graphql");
        assert_eq!(event["tags"]["request.id"].as_str(), answer.header("x-request-id"));
    }
}
