//! The shape of an answer is that of the request: what is selected stands there in its order, and what is skipped leaves
//! its surroundings.

use rondo_testkit::{Answer, Backend, Person, Request, TestApp};
use serde_json::{Value, json};

use super::ask::{MEDIA, ask_as};

/// The text of `data`: parsed it would lose its order.
async fn data(request: Request) -> String {
    let answer = request.await;
    let text = answer.text.clone();
    text.strip_prefix("{\"data\":").unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_stand_in_the_order_of_the_request() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let room = app.session().named("A room").owned_by(&ada).create().await;
    room.post(&ada, "hello").await;
    let query = "{ b: notifications { unreadCount } __typename sessions { nodes { messages { nodes { content seq } } name \
             ...S members { totalCount } seq: lastSeq } } me { displayName } \
             nowhere: session(id: \"nowhere\") { id } a: me { bio } me { bio displayName } } \
         fragment S on Session { role presence { presenceCount } name ... @include(if: true) { color } }";
    let expected = "{\"b\":{\"unreadCount\":0},\"__typename\":\"Query\",\
                    \"sessions\":{\"nodes\":[{\"messages\":{\"nodes\":[{\"content\":\"hello\",\"seq\":1}]},\"name\":\"A room\",\
                    \"role\":\"OWNER\",\"presence\":{\"presenceCount\":0},\"color\":null,\
                    \"members\":{\"totalCount\":1},\"seq\":1}]},\"me\":{\"displayName\":\"ada\",\"bio\":null},\
                    \"nowhere\":null,\"a\":{\"bio\":null}}";
    for _ in 0..5 {
        let told = data(ask_as(&ada, query, json!({}))).await;
        assert!(told.starts_with(expected), "{told}\n{expected}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_skipped_altogether_leaves_an_empty_object() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    app.session().owned_by(&ada).create().await;
    for (query, expected) in [
        ("{ me @skip(if: true) { id } }", "{}}"),
        ("{ ... @include(if: false) { me { id } } }", "{}}"),
        ("{ me { id @skip(if: true) } }", "{\"me\":{}}}"),
        ("{ sessions { nodes { id @include(if: false) } } }", "{\"sessions\":{\"nodes\":[{}]}}}"),
        (
            "{ sessions { nodes { ...S } } } fragment S on Session { id @skip(if: true) }",
            "{\"sessions\":{\"nodes\":[{}]}}}",
        ),
        ("{ me { id @skip(if: true) } me { bio } }", "{\"me\":{\"bio\":null}}}"),
    ] {
        assert_eq!(data(ask_as(&ada, query, json!({}))).await, expected, "{query}");
    }
    let variables = json!({"yes": true});
    let query = "mutation M($yes: Boolean!) { createSession(input: {name: \"Another\"}) { id @skip(if: $yes) } }";
    assert_eq!(data(ask_as(&ada, query, variables)).await, "{\"createSession\":{}}}");
}

async fn posted(person: &Person, body: Value) -> Answer {
    person.post("/graphql").header("accept", MEDIA).json(body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_may_be_written_as_its_escape() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    for written in ["\\uD83D\\uDE00", "\\u{1F600}", "😀"] {
        let query = format!("mutation {{ updateMe(input: {{bio: \"a {written}\"}}) {{ bio }} }}");
        let answer = posted(&ada, json!({"query": query})).await;
        assert_eq!(answer.body, json!({"data": {"updateMe": {"bio": "a 😀"}}}), "{written}");
    }
    for written in ["\\uD83D", "\\uDE00\\uD83D", "\\u{D83D}", "\\u{110000}", "\\u{}"] {
        let query = format!("mutation {{ updateMe(input: {{bio: \"a {written}\"}}) {{ bio }} }}");
        let answer = posted(&ada, json!({"query": query})).await;
        answer.assert_status(400);
        assert_eq!(answer.body["errors"][0]["extensions"]["code"], "bad_request", "{written}");
    }
}
