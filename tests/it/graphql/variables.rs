//! Variables that were sent, that were sent as `null`, and that were not sent at all.

use rondo_testkit::{Backend, TestApp, on_each_database};
use serde_json::{Value, json};

use super::ask::{ask, ask_as, assert_refused, told};

on_each_database! {
    async fn what_was_not_sent_changes_nothing_and_null_empties(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().with("description", "Every Thursday").owned_by(&ada).create().await;
        let update = "mutation U($id: ID!, $name: String, $description: String) { \
                          updateSession(input: {sessionId: $id, name: $name, description: $description}) { name description } }";
        let send = async |variables: Value| told(&ask_as(&ada, update, variables).await, "updateSession");
        let kept = json!({"name": "Renamed", "description": "Every Thursday"});
        assert_eq!(send(json!({"id": room.id, "name": "Renamed"})).await, kept);
        let emptied = json!({"name": "Renamed", "description": null});
        assert_eq!(send(json!({"id": room.id, "description": null})).await, emptied);

        let update = "mutation U($n: String, $b: String) { updateMe(input: {displayName: $n, bio: $b}) { displayName bio } }";
        let send = async |variables: Value| told(&ask_as(&ada, update, variables).await, "updateMe");
        send(json!({"b": "Left-footed."})).await;
        assert_eq!(send(json!({"n": "Ada L."})).await, json!({"displayName": "Ada L.", "bio": "Left-footed."}));
        assert_eq!(send(json!({"b": null})).await, json!({"displayName": "Ada L.", "bio": null}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_a_default_takes_it_when_nothing_was_sent() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let room = app.session().owned_by(&ada).create().await;
    room.post(&ada, "hello").await;
    let events = "query Q($id: ID!, $a: Int) { session(id: $id) { events(after: $a) { position } } }";
    let heard = told(&ask_as(&ada, events, json!({"id": room.id})).await, "session");
    assert_eq!(heard["events"]["position"], 1);
    let waiting = "query Q($u: Boolean) { ...N } fragment N on Query { notifications(unread: $u) { unreadCount } }";
    assert_eq!(told(&ask_as(&ada, waiting, json!({})).await, "notifications"), json!({"unreadCount": 0}));
    let login = "mutation L($e: String!, $p: String!, $r: Boolean) { \
                     login(input: {email: $e, password: $p, includeRefreshToken: $r}) { refreshToken } }";
    let mut who = json!({"e": ada.email, "p": ada.password});
    assert_eq!(told(&ask(&app, login, who.clone()).await, "login"), json!({"refreshToken": null}));

    // `null` is a value, and none of these takes it.
    assert_refused(&ask_as(&ada, events, json!({"id": room.id, "a": null})).await, "validation_failed");
    assert_refused(&ask_as(&ada, waiting, json!({"u": null})).await, "validation_failed");
    who["r"] = Value::Null;
    assert_refused(&ask(&app, login, who).await, "validation_failed");

    // A variable's own default comes before the field's, in directives too.
    let shown = "query Q($yes: Boolean! = true, $n: Int = 1) { \
                     me { id @include(if: $yes) bio @skip(if: $yes) } sessions(first: $n) { nodes { id } } }";
    let answer = ask_as(&ada, shown, json!({})).await;
    assert_eq!(told(&answer, "me"), json!({"id": ada.id}));
    assert_eq!(told(&answer, "sessions"), json!({"nodes": [{"id": room.id}]}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_be_there_is_missed_before_anything_runs() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    for query in [
        "query Q($id: ID) { session(id: $id) { id } }",
        "mutation M($n: String) { createSession(input: {name: $n}) { id } }",
        "query Q($x: Boolean) { me { id @skip(if: $x) } }",
        "query Q($unused: Int) { me { id } }",
    ] {
        let answer = ask_as(&ada, query, json!({})).await;
        answer.assert_status(400);
        assert_refused(&answer, "validation_failed");
    }
    // Of several operations one is meant: what the others want is theirs.
    let query = "query A($n: Int) { ...S } query B($n: Int!) { ...S ...T } \
                 fragment S on Query { sessions(first: $n) { nodes { id } } } fragment T on Query { me { id } }";
    let body = json!({"query": query, "operationName": "A"});
    assert_eq!(told(&ada.post("/graphql").json(body).await, "sessions"), json!({"nodes": []}));
}
