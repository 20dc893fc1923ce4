//! The surfaces are one: each operation, tried over REST, Socket.IO (where it exists) and GraphQL by the same people in the
//! same place, gives the same data, has the same effect, and is refused with the same code.

use std::collections::BTreeSet;

use rondo_testkit::{Backend, TestApp, on_each_database};
use rondo_wire::ErrorCode;
use serde_json::{Map, Value, json};

use super::{
    ask::{ask, ask_as, code},
    counterpart::{Counterpart, counterpart},
};
use crate::rights::{
    operations::{CALLERS, Operation, Verdicts, all},
    scene::{Cast, Scene},
};

/// What an operation came to: the code of its refusal or what it gave, and how the place looks afterwards.
#[derive(Debug, PartialEq)]
struct Outcome {
    refused: Option<String>,
    data: Value,
    state: Value,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Surface {
    Rest,
    Sockets,
    GraphQl,
}

/// Tries one use of an operation over a surface.
async fn attempt(scene: &Scene<'_>, operation: &Operation, counterpart: &Counterpart, surface: Surface) -> Outcome {
    let Cast { caller, .. } = scene.cast;
    let (refused, data) = match surface {
        Surface::Rest => {
            let answer = scene.request(operation, |method, path| caller.request(method, path)).await;
            if answer.status < 400 { (None, answer.body) } else { (Some(answer.body["code"].clone()), Value::Null) }
        }
        Surface::Sockets => {
            let (event, payload) = counterpart.event.as_ref().unwrap();
            let payload: Value = serde_json::from_str(&scene.filled(&payload.to_string())).unwrap();
            let answer = caller.socket().await.ask(event, payload).await;
            if answer["ok"] == true {
                let data = &answer["data"];
                (None, if *event == "invitation:decline" { data["invitation"].clone() } else { data.clone() })
            } else {
                (Some(answer["error"]["code"].clone()), Value::Null)
            }
        }
        Surface::GraphQl => {
            let input = counterpart.input.as_ref().map(|input| scene.filled(&input.to_string()));
            let variables =
                input.map_or(json!({}), |input| json!({"input": serde_json::from_str::<Value>(&input).unwrap()}));
            let answer = ask_as(caller, &scene.filled(&counterpart.document), variables).await;
            let place = counterpart.place.iter().fold(&answer.body["data"], |value, name| &value[*name]);
            (
                code(&answer).map(|code| code.as_str().into()),
                if place == &Value::Bool(true) { Value::Null } else { place.clone() },
            )
        }
    };
    let refused = refused.map(|code| code.as_str().unwrap().to_owned());
    let data = if refused.is_some() { Value::Null } else { plain(data, scene.cast) };
    // An empty acknowledgement says as much as nothing.
    let data = if data == json!({}) { Value::Null } else { data };
    Outcome { refused, data, state: state(scene).await }
}

/// The place as its owner sees it.
async fn state(scene: &Scene<'_>) -> Value {
    let (owner, room) = (&scene.cast.owner, &scene.room);
    let mut seen = Vec::new();
    for below in ["", "/members", "/messages", "/invitations", "/events"] {
        seen.push(owner.get(&room.path(below)).await.body);
    }
    for person in [&scene.cast.caller, owner] {
        seen.push(person.get("/api/users/me").await.body);
    }
    for seen in &mut seen {
        if let Some(problem) = seen.as_object_mut() {
            problem.remove("requestId");
        }
    }
    plain(Value::Array(seen), scene.cast)
}

/// What does not depend on the hour and on the surface's idiom.
fn plain(value: Value, cast: &Cast) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| plain(item, cast)).collect(),
        Value::Object(mut fields) => {
            if let (Some(nodes), Some(info)) = (fields.remove("nodes"), fields.remove("pageInfo")) {
                let next = if info["hasNextPage"] == true { info["endCursor"].clone() } else { Value::Null };
                fields.extend([("items".to_owned(), nodes), ("nextCursor".to_owned(), next)]);
            }
            let kept = fields.into_iter().filter(|(name, value)| !(name == "email" && value.is_null()));
            let kept = kept.map(|(name, value)| {
                let value = match (&*name, value) {
                    ("role" | "visibility" | "status", Value::String(word)) => word.to_lowercase().into(),
                    ("nextCursor", value) => value.is_string().into(),
                    (_, value) => plain(value, cast),
                };
                (name, value)
            });
            let mut kept: Vec<_> = kept.collect();
            kept.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(Map::from_iter(kept))
        }
        Value::String(text) => redacted(text, cast).into(),
        other => other,
    }
}

fn redacted(text: String, cast: &Cast) -> String {
    let bytes = text.as_bytes();
    let at = |place: usize, byte: u8| bytes.get(place) == Some(&byte);
    if text == cast.owner.id {
        "the owner".to_owned()
    } else if text == cast.caller.id {
        "the caller".to_owned()
    } else if text.len() == 36 && at(8, b'-') && at(13, b'-') && at(14, b'7') && at(23, b'-') {
        "an id".to_owned()
    } else if text.len() == 24 && at(10, b'T') && at(23, b'Z') {
        "a moment".to_owned()
    } else {
        text
    }
}

/// Compares the surfaces in every use of every operation by this one of [`CALLERS`].
async fn compare(app: TestApp, caller: usize) {
    let cast = Cast::gather(&app).await;
    for operation in all().iter().filter(|operation| operation.method != "EVENT") {
        let Some(counterpart) = counterpart(operation) else { continue };
        let whole = match operation.verdicts {
            Verdicts::Each(_) => true,
            Verdicts::Anybody(_) if caller == 0 => false,
            Verdicts::Anybody(_) | Verdicts::Open => continue,
        };
        let surfaces =
            [Some(Surface::Rest), counterpart.event.as_ref().map(|_| Surface::Sockets), Some(Surface::GraphQl)];
        let mut first = None;
        for surface in surfaces.into_iter().flatten() {
            let scene = if whole {
                Scene::set(&app, &cast, operation, CALLERS[caller]).await
            } else {
                Scene::personal(&app, &cast, operation).await
            };
            // Lists of everything grow from scene to scene; their data is compared where they are read.
            let grows =
                operation.method == "GET" && !operation.path.contains("{id}") && operation.path != "/api/users/me";
            let mut outcome = attempt(&scene, operation, &counterpart, surface).await;
            if grows || (counterpart.silent && outcome.refused.is_none()) {
                outcome.data = Value::Null;
            }
            let Operation { method, path, whose, body, .. } = operation;
            match &first {
                None => first = Some(outcome),
                Some(first) => {
                    assert_eq!(
                        &outcome, first,
                        "{method} {path} {body:?} of {whose:?} by {} over {surface:?}",
                        CALLERS[caller]
                    );
                }
            }
        }
    }
}

on_each_database! {
    async fn an_outsider_of_a_private_session_meets_the_same_everywhere(app: TestApp) {
        compare(app, 0).await;
    }

    async fn an_outsider_of_a_public_session_meets_the_same_everywhere(app: TestApp) {
        compare(app, 1).await;
    }

    async fn an_owner_meets_the_same_everywhere(app: TestApp) {
        compare(app, 2).await;
    }

    async fn a_moderator_meets_the_same_everywhere(app: TestApp) {
        compare(app, 3).await;
    }

    async fn a_member_meets_the_same_everywhere(app: TestApp) {
        compare(app, 4).await;
    }

    async fn a_viewer_meets_the_same_everywhere(app: TestApp) {
        compare(app, 5).await;
    }

    async fn nobody_meets_the_same_everywhere(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().public().owned_by(&ada).create().await;
        for operation in all().iter().filter(|operation| operation.method != "EVENT") {
            let Some(counterpart) = counterpart(operation) else { continue };
            // The schema knows no such invitation, and says so to anybody.
            if operation.body.as_ref().is_some_and(|body| body["role"] == "owner" && body["email"].is_string()) {
                continue;
            }
            let filled = |text: &str| {
                ["{id}", "{userId}", "{messageId}"].iter().fold(text.to_owned(), |text, name| text.replace(name, &room.id))
            };
            let request = app.request(operation.method.parse().unwrap(), &filled(operation.path));
            let rest = match &operation.body {
                Some(body) => request.body("application/json", filled(&body.to_string())).await,
                None => request.await,
            };
            let input = counterpart.input.as_ref().map(|input| filled(&input.to_string()));
            let variables = input.map_or(json!({}), |input| json!({"input": serde_json::from_str::<Value>(&input).unwrap()}));
            let graphql = ask(&app, &filled(&counterpart.document), variables).await;
            let told = code(&graphql).map(ErrorCode::as_str);
            assert_eq!(told, rest.body["code"].as_str(), "{} {}: {}", operation.method, operation.path, graphql.body);
        }
        assert_eq!(room.seen_by(&ada).await, room.session);
    }

    async fn lists_of_everything_are_the_same_on_both_surfaces(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        for n in 0..5 {
            let room = app.session().public().named(&format!("room {n}")).owned_by(&ada).create().await;
            room.invite(&ada, &grace, "viewer").await;
            room.post(&ada, &format!("<@{}> hello", grace.id)).await;
        }
        let cast = Cast { owner: ada, caller: grace, subject: app.user("eve").await };
        let lists = all().into_iter().filter(|operation| operation.method == "GET" && !operation.path.contains("{id}"));
        for operation in lists {
            let Some(counterpart) = counterpart(&operation) else { continue };
            for person in [&cast.owner, &cast.caller] {
                let rest = person.get(&format!("{}?limit=3", operation.path)).await.told(200);
                let field = counterpart.place[0];
                let document = counterpart.document.replacen(field, &format!("{field}(first: 3)"), 1);
                let document = if field == "me" { counterpart.document.clone() } else { document };
                let graphql = super::ask::told(&ask_as(person, &document, json!({})).await, field);
                let next = (&graphql["pageInfo"]["hasNextPage"], &graphql["pageInfo"]["endCursor"]);
                if next.0 == true {
                    assert_eq!(next.1, &rest["nextCursor"], "{field}: one goes on where the other ended");
                }
                assert_eq!(plain(graphql.clone(), &cast), plain(rest.clone(), &cast), "{field}");
            }
        }
    }
}

/// The fields of a type of the schema.
async fn fields(app: &TestApp, kind: &str) -> BTreeSet<String> {
    let document = format!("{{ __type(name: \"{kind}\") {{ fields {{ name }} }} }}");
    let told = super::ask::told(&ask(app, &document, json!({})).await, "__type");
    told["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_every_field_of_the_schema() {
    let app = TestApp::start(Backend::Sqlite).await;
    let tried: Vec<Counterpart> =
        all().iter().filter(|operation| operation.method != "EVENT").filter_map(counterpart).collect();
    let roots: BTreeSet<String> = tried.iter().map(|counterpart| counterpart.place[0].to_owned()).collect();

    let mut known = fields(&app, "Query").await;
    known.extend(fields(&app, "Mutation").await);

    assert!(known.remove("register"), "signing up is tried for itself: it gives another account every time");
    assert_eq!(roots, known, "each query and mutation is compared with its operation of REST");
}
