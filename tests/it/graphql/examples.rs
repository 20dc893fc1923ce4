//! `docs/GRAPHQL.md`: each of its examples runs, and each operation has one.

use std::collections::BTreeSet;

use rondo_testkit::{Backend, Person, TestApp};
use rondo_wire::ErrorCode;
use serde_json::{Value, json};

use super::ask::{ask_as, code, told};

const PAGE: &str = include_str!("../../../docs/GRAPHQL.md");

/// The blocks of a language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&*fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Whether an example of a subscription is taken, or refused for the ids of the page alone.
async fn listened(ada: &Person, example: &str) {
    let mut subscriber = ada.subscriber().await;
    subscriber.begin(example, json!({"sessionId": "019c0e3a-5c00-7000-8000-000000000003"})).await;
    for message in subscriber.settle().await {
        assert_eq!(message["payload"][0]["extensions"]["code"], "not_found", "{example}\n{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_runs_and_every_operation_has_one() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for kind in ["Query", "Mutation", "Subscription"] {
        let document = format!("{{ __type(name: \"{kind}\") {{ fields {{ name }} }} }}");
        let fields = told(&ask_as(&ada, &document, json!({})).await, "__type");
        missing.extend(
            fields["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap().to_owned()),
        );
    }
    for example in blocks("graphql") {
        let words: BTreeSet<&str> = example.split(|c: char| !c.is_alphanumeric()).collect();
        missing.retain(|field| !words.contains(&**field));
        if example.starts_with("subscription") {
            listened(&ada, example).await;
            continue;
        }
        let answer = ask_as(&ada, example, json!({})).await;
        // The ids of the page name nothing here; all else is as it should be.
        let expected = [None, Some("not_found"), Some("invalid_credentials"), Some("forbidden")];
        let told = code(&answer).map(ErrorCode::as_str);
        assert!(answer.status == 200 && expected.contains(&told), "{example}\n{}", answer.body);
    }
    assert!(missing.is_empty(), "no example of {missing:?}");
    for example in blocks("json") {
        assert!(serde_json::from_str::<Value>(example).is_ok(), "{example}");
    }
}
