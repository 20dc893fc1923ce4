//! What comes with bad intent, or by chance: a clear error, fast, and never a 500.

use std::time::{Duration, Instant};

use rondo_testkit::{Answer, Backend, Person, TestApp};
use rondo_wire::ErrorCode;
use serde_json::{Value, json};

use super::ask::{MEDIA, ask_as, code};
use crate::random::dice::Dice;

/// How long the answer to nonsense may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(3);
const ROUNDS: usize = 300;

async fn send(person: &Person, query: &str, variables: Value) -> Answer {
    let begun = Instant::now();
    let answer = ask_as(person, query, variables).await;
    let start: String = query.chars().take(200).collect();
    assert!(begun.elapsed() < PATIENCE, "{:?} for {start}", begun.elapsed());
    assert!(answer.status < 500, "{start}: {}", answer.body);
    let refused = code(&answer).map(ErrorCode::status);
    assert!(refused.is_none_or(|status| status < 500), "{start}: {}", answer.body);
    answer
}

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_are_refused_before_they_run() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    send(&ada, "{ __typename }", json!({})).await; // from now on her login is known to be in force
    let doubling =
        |count: usize| repeated(count, |n| format!("fragment F{n} on Query {{ ...F{m} ...F{m} }}", m = n + 1));
    let members = "members(first: 100) { nodes { user { id } } }";
    let introspection = "fields { type { fields { type { fields { type { name } } } } } }";
    for bomb in [
        format!("{{ {} }}", repeated(1_000, |n| format!("a{n}: me {{ id }}"))),
        format!("{{ me {{ {} }} }}", repeated(3_000, |_| "id".to_owned())),
        format!("{{ {} {} }}", "me { ".repeat(5_000), "}".repeat(5_000)),
        format!("{{ sessions(first: {} {}) {{ nodes {{ id }} }} }}", "[".repeat(50_000), "]".repeat(50_000)),
        format!("{{ sessions(first: {}1{}) {{ nodes {{ id }} }} }}", "{a:".repeat(10_000), "}".repeat(10_000)),
        format!("query Q($a: {}Int{}) {{ __typename }}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{{ ...F0 }} {} fragment F25 on Query {{ me {{ id }} }}", doubling(25)),
        format!(
            "{{ sessions(first: 100) {{ nodes {{ messages(first: 100) {{ nodes {{ author {{ id }} }} }} {members} }} }} }}"
        ),
        format!("{{ __schema {{ types {{ {introspection} }} }} }}"),
        format!("{{ me {{ id {} }} }}", "@include(if: true) ".repeat(500)),
        repeated(2_000, |n| format!("query Q{n} {{ me {{ id }} }}")),
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(),
        "{ me { ...A } } fragment A on User { ...A }".to_owned(),
    ] {
        let answer = send(&ada, &bomb, json!({})).await;
        answer.assert_status(400);
        assert_eq!(answer.queries(), 0, "nothing was asked of the database");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_the_schema_is_told_in_few_words() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    for (query, variables, field) in [
        ("{ nonsense }", json!({}), None),
        ("{ me }", json!({}), None),
        ("{ me { id { id } } }", json!({}), None),
        ("{ sessions(frst: 1) { nodes { id } } }", json!({}), None),
        ("{ sessions(first: \"x\") { nodes { id } } }", json!({}), Some("first")),
        ("query Q($n: Int) { sessions(first: $n) { nodes { id } } }", json!({"n": "x"}), Some("first")),
        ("query Q($id: ID!) { session(id: $id) { id } }", json!({}), Some("id")),
        ("query Q($id: ID!) { session(id: $id) { id } }", json!({"id": null}), Some("id")),
        ("query Q($id: ID!) { session(id: $id) { id } }", json!({"id": {"a": 1}}), Some("id")),
        ("query Q($id: Nothing!) { session(id: $id) { id } }", json!({"id": "x"}), None),
        ("query Q($a: Int) { __typename }", json!({}), None),
        ("{ ...Nowhere }", json!({}), None),
        ("{ __typename } fragment A on User { id }", json!({}), None),
        ("{ me { id } ... on User { id } }", json!({}), None),
        ("mutation { createSession { id } }", json!({}), None),
        ("mutation { createSession(input: {}) { id } }", json!({}), Some("name")),
        ("mutation { createSession(input: {name: 7}) { id } }", json!({}), Some("name")),
        ("mutation { createSession(input: {name: \"a\", nope: 1}) { id } }", json!({}), Some("nope")),
        ("mutation { createSession(input: {name: \"a\", visibility: SECRET}) { id } }", json!({}), Some("visibility")),
        (
            "mutation M($i: CreateSessionInput!) { createSession(input: $i) { id } }",
            json!({"i": {"name": "a", "nope": 1}}),
            Some("nope"),
        ),
        (
            "mutation M($i: CreateSessionInput!) { createSession(input: $i) { id } }",
            json!({"i": {"name": null}}),
            Some("name"),
        ),
        ("mutation M($i: CreateSessionInput!) { createSession(input: $i) { id } }", json!({"i": 7}), Some("i")),
        (
            "mutation M($i: CreateSessionInput!) { createSession(input: $i) { id } }",
            json!({"i": [{"name": "a"}]}),
            Some("i"),
        ),
    ] {
        let answer = send(&ada, query, variables).await;
        let told = &answer.body["errors"][0]["extensions"];
        assert_eq!(told["code"], "validation_failed", "{query}: {}", answer.body);
        assert_eq!(told["errors"][0]["field"].as_str(), field, "{query}: {}", answer.body);
    }
    let many = format!("{{ {} }}", repeated(20, |n| format!("nonsense{n}")));
    assert!(send(&ada, &many, json!({})).await.body["errors"].as_array().unwrap().len() <= 20);
    assert!(ada.get("/api/sessions").await.told(200)["items"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_are_refused_as_rest_refuses_them() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let room = app.session().owned_by(&ada).create().await;
    let long = "x".repeat(5_000);
    for text in ["", "   ", "\0", "a\0b", &long, "🦤", "<script>", "'; DROP TABLE session; --", "\u{202e}", "null"] {
        let document = "mutation M($input: CreateMessageInput!) { createMessage(input: $input) { content } }";
        let graphql = send(&ada, document, json!({"input": {"sessionId": room.id, "content": text}})).await;
        let rest = ada.post(&room.path("/messages")).json(json!({"content": text})).await;
        assert_eq!(graphql.body["errors"][0]["extensions"].get("errors"), rest.body.get("errors"), "{text:?}");
        if rest.status == 201 {
            assert_eq!(graphql.body["data"]["createMessage"]["content"], rest.body["content"]);
        }
    }
    for id in ["", "nonsense", "{019c0e3a-5c00-7000-8000-000000000000}", "\0", &long] {
        let answer = send(&ada, "query Q($id: ID!) { session(id: $id) { id } }", json!({"id": id})).await;
        assert_eq!(code(&answer).map(ErrorCode::as_str), Some("not_found"), "{id:?}");
    }
    for query in ["\0", "%", "_", "\\", &long] {
        send(
            &ada,
            "query Q($q: String) { publicSessions(query: $q) { nodes { id } } users(query: $q) { nodes { id } } }",
            json!({"q": query}),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_documents_harm_nothing() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let mut dice = Dice::roll();
    let words = [
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ":",
        "!",
        "$",
        "@",
        "...",
        "=",
        "|",
        "&",
        "query",
        "mutation",
        "subscription",
        "fragment",
        "on",
        "Q",
        "me",
        "sessions",
        "session",
        "nodes",
        "id",
        "first",
        "1",
        "-1",
        "1e99",
        "99999999999999999999",
        "\"x\"",
        "\"",
        "\"\"\"",
        "#",
        "\n",
        "$a",
        "Int",
        "Query",
        "User",
        "true",
        "null",
        "__typename",
        "__schema",
        "types",
        "skip",
        "if",
        "ñ",
        "\u{feff}",
        "createSession",
        "input",
        "name",
        ",",
    ];
    for _ in 0..ROUNDS {
        let length = 1 + dice.below(60);
        let document = repeated(length, |_| String::new());
        let document = (0..length).fold(document, |text, _| text + words[dice.below(words.len())] + " ");
        send(&ada, &document, json!({"a": dice.below(3)})).await;
        let bytes: Vec<u8> = (0..dice.below(80)).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let answer = ada.post("/graphql").header("accept", MEDIA).body("application/json", body).await;
        assert!((400..500).contains(&answer.status), "{}", answer.body);
    }
}
