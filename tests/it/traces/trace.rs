//! One trace leads from what somebody asks to what others hear of it.

use std::{env, time::Duration};

use reqwest::Method;
use rondo_domain::ids::RequestId;
use rondo_testkit::{Backend, Server, eventually, on, on_each_database};
use serde_json::json;
use tokio::net::TcpSocket;

use super::{
    place::Place,
    spans::{CALLER, LONG, Span, TRACE, one, traceparent},
};

const POST: &str = "POST /api/sessions/{id}/messages";
const DELIVER: &str = "deliver message:create";

/// Something that nobody but the room may read.
const CONTENT: &str = "between you and me";

fn collected(place: &Place) -> String {
    format!("http://{}", place.address())
}

/// Insists that the spans lead from the caller's to the delivery, and gives the commit and the delivery.
#[track_caller]
fn assert_leads_to_delivery<'s>(spans: &'s [Span], first: &str) -> (&'s Span, &'s Span) {
    let (request, post, commit, deliver) =
        (one(spans, first), one(spans, "message.post"), one(spans, "commit"), one(spans, DELIVER));
    assert_eq!((request.parent(), &request.span["kind"]), (Some(CALLER), &json!(2)));
    let above: Vec<_> = spans.iter().filter(|span| Some(span.id()) == post.parent()).collect();
    assert!(above[0].id() == request.id() || above[0].parent() == Some(request.id()), "{spans:?}");
    assert_eq!((commit.parent(), &commit.span["kind"]), (Some(post.id()), &json!(3)));
    assert_eq!((deliver.parent(), &deliver.span["kind"]), (Some(commit.id()), &json!(5)));
    assert_eq!(deliver.attribute("rondo.listeners"), Some(&json!("1")));
    let time = |span: &Span, end: &str| span.span[end].as_str().unwrap().parse::<u64>().unwrap();
    for span in spans {
        let (began, ended) = (time(span, "startTimeUnixNano"), time(span, "endTimeUnixNano"));
        assert!(began <= ended && ended - began < 60_000_000_000, "{span:?}");
    }
    (commit, deliver)
}

on_each_database! {
    async fn a_request_its_commit_and_the_delivery_are_one_trace(backend: Backend) {
        let place = Place::open().await;
        let endpoint = collected(&place);
        let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("LOG_FORMAT", "json"), ("RUST_LOG", "info")];
        let mut server = Server::with(backend, &settings).await;
        let (ada, grace) = (server.user("ada lovelace").await, server.user("grace").await);
        let room = server.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut socket = grace.socket().await;
        socket.join(&room.id).await;

        let path = format!("/api/sessions/{}/messages", room.id);
        let post = ada.post(&path).header("traceparent", traceparent()).header("tracestate", "congo=t61rcWkgMzE");
        post.header("x-request-id", "the-request").json(json!({"content": CONTENT})).await.assert_status(201);
        socket.next_event("message:create").await;

        let spans = place.spans(TRACE, &[POST, "message.post", "commit", DELIVER]).await;
        let (commit, _) = assert_leads_to_delivery(&spans, POST);
        let request = one(&spans, POST);
        assert_eq!(request.attribute("http.route"), Some(&json!("/api/sessions/{id}/messages")));
        assert_eq!(request.attribute("http.response.status_code"), Some(&json!("201")));
        assert_eq!(request.attribute("request.id"), Some(&json!("the-request")));
        assert_eq!(request.span["traceState"], "congo=t61rcWkgMzE");
        let system = if backend == Backend::Postgres { "postgresql" } else { "sqlite" };
        assert_eq!(commit.attribute("db.system.name"), Some(&json!(system)));
        let ended = server.terminate().await;
        assert!(ended.status.success());
        let told = |line: &str| line.contains("\"the-request\"") && line.contains(TRACE);
        eventually("a line with the trace", LONG, async || server.said().lines().any(told)).await;
        for report in place.taken() {
            assert!(report.head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{}", report.head);
            for secret in [CONTENT, &ada.email, &ada.name, ada.token()] {
                assert!(!report.body.contains(secret), "{secret} is in {}", report.body);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_goes_on_at_the_node_where_others_listen() {
    on(Backend::Postgres, async |backend: Backend| {
        let place = Place::open().await;
        let redis = env::var("TEST_REDIS_URL").unwrap_or_else(|_| panic!("TEST_REDIS_URL is not set"));
        let prefix = format!("rondo-test-{}:", RequestId::generate().0.simple());
        let endpoint = collected(&place);
        let settings =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("REDIS_URL", &redis), ("REDIS_PREFIX", &prefix)];
        let server = Server::with(backend, &settings).await;
        let other = server.beside().await;
        let (ada, grace) = (server.user("ada lovelace").await, server.user("grace").await);
        let room = server.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut there = grace.at(&other).socket().await;
        there.join(&room.id).await;

        let path = format!("/api/sessions/{}/messages", room.id);
        let post = ada.post(&path).header("traceparent", traceparent());
        post.json(json!({"content": CONTENT})).await.assert_status(201);
        there.next_event("message:create").await;

        let spans = place.spans(TRACE, &[POST, "message.post", "commit", DELIVER]).await;
        let (commit, deliver) = assert_leads_to_delivery(&spans, POST);
        assert_ne!(commit.node, deliver.node, "the delivery is the other node's");
    })
    .await;
}

on_each_database! {
    async fn what_a_socket_sends_belongs_to_the_trace_of_its_handshake(backend: Backend) {
        let place = Place::open().await;
        let endpoint = collected(&place);
        let server = Server::with(backend, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())]).await;
        let ada = server.user("ada").await;
        let room = server.session().owned_by(&ada).create().await;
        let traced = [("traceparent", traceparent())];
        let mut socket = server.connect_with(Some(ada.token()), &traced).await.unwrap();
        socket.join(&room.id).await;
        socket.done("message:create", json!({"sessionId": room.id, "content": CONTENT})).await;
        socket.next_event("message:create").await;
        let other = ada.socket().await;
        other.join(&room.id).await;

        let spans = place.spans(TRACE, &["session:join", "message:create", "message.post", "commit", DELIVER]).await;
        assert_leads_to_delivery(&spans, "message:create");
        assert_eq!(one(&spans, "session:join").parent(), Some(CALLER));
    }

    async fn a_new_session_has_its_commit_in_the_trace_and_a_method_that_nobody_knows_no_name(backend: Backend) {
        let place = Place::open().await;
        let endpoint = collected(&place);
        let server = Server::with(backend, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())]).await;
        let ada = server.user("ada").await;
        let body = || json!({"name": "Fulbito"});
        let made_up = Method::from_bytes(b"MARIA.SECRET").unwrap();
        ada.post("/api/sessions").header("traceparent", traceparent()).json(body()).await.assert_status(201);
        ada.request(made_up, "/api/sessions").header("traceparent", traceparent()).await.assert_status(405);

        let spans = place.spans(TRACE, &["POST /api/sessions", "commit", "HTTP /api/sessions"]).await;
        let (founding, commit) = (one(&spans, "POST /api/sessions"), one(&spans, "commit"));
        let above = spans.iter().find(|span| Some(span.id()) == commit.parent()).unwrap();
        assert!([Some(above.id()), above.parent()].contains(&Some(founding.id())), "{spans:?}");
        let unknown = one(&spans, "HTTP /api/sessions");
        assert_eq!(unknown.attribute("http.request.method"), Some(&json!("_OTHER")));
        assert!(place.taken().iter().all(|report| !report.body.contains("MARIA")));
    }

    async fn a_new_session_once_by_its_key_has_its_commit_in_the_trace(backend: Backend) {
        let place = Place::open().await;
        let endpoint = collected(&place);
        let server = Server::with(backend, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())]).await;
        let ada = server.user("ada").await;
        let post = ada.post("/api/sessions").header("traceparent", traceparent()).header("idempotency-key", "once");
        post.json(json!({"name": "Fulbito"})).await.assert_status(201);

        let spans = place.spans(TRACE, &["POST /api/sessions", "commit"]).await;
        one(&spans, "commit");
    }

    async fn a_mutation_of_graphql_is_traced_like_any_request(backend: Backend) {
        let place = Place::open().await;
        let endpoint = collected(&place);
        let server = Server::with(backend, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())]).await;
        let ada = server.user("ada").await;
        let room = server.session().owned_by(&ada).create().await;
        let mut socket = ada.socket().await;
        socket.join(&room.id).await;
        let query = "mutation ($input: CreateMessageInput!) { createMessage(input: $input) { id } }";
        let body = json!({"query": query, "variables": {"input": {"sessionId": room.id, "content": CONTENT}}});
        ada.post("/graphql").header("traceparent", traceparent()).json(body).await.assert_status(200);
        socket.next_event("message:create").await;

        let spans = place.spans(TRACE, &["POST /graphql", "message.post", "commit", DELIVER]).await;
        assert_leads_to_delivery(&spans, "POST /graphql");
    }

    async fn what_a_websocket_of_graphql_asks_belongs_to_the_trace_of_its_handshake(backend: Backend) {
        let place = Place::open().await;
        let endpoint = collected(&place);
        let server = Server::with(backend, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())]).await;
        let ada = server.user("ada").await;
        let room = server.session().owned_by(&ada).create().await;
        let mut socket = ada.socket().await;
        socket.join(&room.id).await;
        let mut speaker = ada.subscriber_with(&[("traceparent", traceparent())]).await;
        let query = "mutation ($input: CreateMessageInput!) { createMessage(input: $input) { seq } }";
        let asked = speaker.begin(query, json!({"input": {"sessionId": room.id, "content": CONTENT}})).await;
        assert_eq!(speaker.value(&asked, "createMessage").await.unwrap()["seq"], 1);
        socket.next_event("message:create").await;

        let spans = place.spans(TRACE, &["graphql.operation", "message.post", "commit", DELIVER]).await;
        assert_leads_to_delivery(&spans, "graphql.operation");
    }

    async fn without_a_collector_nothing_fails_and_the_log_tells_what_was_lost(backend: Backend) {
        let nobody_listens = TcpSocket::new_v4().unwrap(); // held, so that nobody else does either
        nobody_listens.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let endpoint = format!("http://{}", nobody_listens.local_addr().unwrap());
        let mut server = Server::with(backend, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())]).await;
        let ada = server.user("ada").await;
        let room = server.session().owned_by(&ada).create().await;
        let path = format!("/api/sessions/{}/messages", room.id);
        for _ in 0..50 {
            let post = ada.post(&path).header("traceparent", traceparent());
            post.json(json!({"content": CONTENT})).await.assert_status(201);
        }
        let ended = server.terminate().await;
        assert!(ended.status.success() && ended.took < Duration::from_secs(14), "{ended:?}");
        for told in ["reports cannot be delivered", "reports were lost"] {
            eventually(told, LONG, async || server.said().contains(told)).await;
        }
        server.restart().await;
        server.database().verify().await;
    }
}
