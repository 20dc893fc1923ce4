//! Subscriptions, beside the other ways of hearing the same: the same rights, the same events, the same cursor.

use rondo_testkit::{Person, Room, Subscriber, TestApp, on_each_database};
use serde_json::{Value, json};

const EVENTS: &str = "subscription Events($id: ID!, $after: Int) \
                      { sessionEvents(sessionId: $id, after: $after) { type position data } }";

async fn events(subscriber: &mut Subscriber, session: &str, after: Option<u64>) -> String {
    subscriber.begin(EVENTS, json!({"id": session, "after": after})).await
}

/// What `session:join` and `sessionEvents` come to, asked from the same position.
async fn tried(person: &Person, session: &str, after: Option<u64>) -> [Option<String>; 2] {
    let mut payload = json!({"sessionId": session});
    if let Some(after) = after {
        payload["after"] = after.into();
    }
    let joined = person.socket().await.ask("session:join", payload).await;
    let by_socket = match (&joined["ok"], &joined["data"]["recovered"]) {
        (Value::Bool(true), Value::Bool(false)) => Some("not_recovered".to_owned()),
        (Value::Bool(true), _) => None,
        _ => Some(joined["error"]["code"].as_str().unwrap().to_owned()),
    };
    let mut subscriber = person.subscriber().await;
    events(&mut subscriber, session, after).await;
    let before = subscriber.settle().await;
    let failed = before.iter().find(|message| message["type"] == "error");
    let by_subscription = failed.map(|error| error["payload"][0]["extensions"]["code"].as_str().unwrap().to_owned());
    [by_socket, by_subscription]
}

on_each_database! {
    async fn a_subscription_is_refused_as_a_join_is(app: TestApp) {
        let (ada, grace, eve) = (app.user("ada").await, app.user("grace").await, app.user("eve").await);
        let open = app.session().public().owned_by(&ada).create().await;
        open.join(&grace).await;
        let closed = app.session().owned_by(&ada).create().await;
        let gone = app.session().owned_by(&ada).create().await;
        ada.delete(&gone.path("")).await.assert_status(204);
        let nowhere = "019c0e3a-5c00-7000-8000-000000000003";
        for (person, session, after, code) in [
            (&ada, &*open.id, None, None),
            (&grace, &*open.id, Some(0), None),
            (&grace, &*open.id, Some(1), None),
            (&grace, &*open.id, Some(2), Some("not_recovered")),
            (&eve, &*open.id, None, Some("forbidden")),
            (&eve, &*open.id, Some(0), Some("forbidden")),
            (&ada, &*closed.id, None, None),
            (&eve, &*closed.id, None, Some("not_found")),
            (&ada, &*gone.id, None, Some("not_found")),
            (&eve, nowhere, None, Some("not_found")),
        ] {
            let code = code.map(ToOwned::to_owned);
            let told = tried(person, session, after).await;
            assert_eq!(told, [code.clone(), code], "{} after {after:?} in {session}", person.name);
        }
    }

    async fn the_same_events_come_over_every_surface(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room: Room = app.session().public().owned_by(&ada).create().await;
        let mut subscriber = ada.subscriber().await;
        let id = events(&mut subscriber, &room.id, Some(0)).await;
        subscriber.settle().await;
        room.join(&grace).await;
        let message = room.post(&grace, "¡Golazo!").await;
        grace.patch(&room.message_path(&message)).json(json!({"content": "Gol"})).await.assert_status(200);
        ada.patch(&room.path("")).json(json!({"name": "Otro"})).await.assert_status(200);
        room.change_role(&ada, &grace, "moderator").await;
        room.leave(&grace).await;
        let log = room.events(&ada).await;
        for event in &log {
            assert_eq!(subscriber.value(&id, "sessionEvents").await.unwrap(), *event);
        }
        let mut late = ada.subscriber().await;
        let id = events(&mut late, &room.id, Some(2)).await;
        for event in &log[2..] {
            assert_eq!(late.value(&id, "sessionEvents").await.unwrap(), *event);
        }
    }

    async fn whoever_is_cut_off_the_session_by_its_own_end_hears_why(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut subscriber = grace.subscriber().await;
        let id = subscriber.begin("subscription C($id: ID!) { messageCreated(sessionId: $id) { content } }", json!({"id": room.id})).await;
        assert_eq!(subscriber.settle().await, Vec::<Value>::new());
        room.post(&ada, "last").await;
        room.leave(&grace).await;
        room.post(&ada, "unheard").await;
        assert_eq!(subscriber.value(&id, "messageCreated").await.unwrap(), json!({"content": "last"}));
        assert_eq!(subscriber.value(&id, "messageCreated").await.unwrap_err(), "forbidden");
        assert_eq!(subscriber.settle().await, Vec::<Value>::new());
    }

    async fn a_subscription_may_begin_in_a_fragment(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let mut subscriber = ada.subscriber().await;
        let named = "subscription S($id: ID!) { ...M } fragment M on Subscription { ... { messageCreated(sessionId: $id) { content } } }";
        let id = subscriber.begin(named, json!({"id": room.id})).await;
        assert_eq!(subscriber.settle().await, Vec::<Value>::new());
        room.post(&ada, "hello").await;
        assert_eq!(subscriber.value(&id, "messageCreated").await.unwrap(), json!({"content": "hello"}));
    }

    async fn every_error_of_a_connection_names_its_request(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut subscriber = grace.subscriber().await;
        events(&mut subscriber, &room.id, None).await;
        subscriber.settle().await;
        room.leave(&grace).await;
        let (removed, ended) = (subscriber.next().await, subscriber.next().await);
        assert_eq!((&removed["type"], &ended["type"]), (&json!("next"), &json!("error")));
        assert!(ended["payload"][0]["extensions"]["requestId"].is_string(), "{ended}");
        for _ in 0..=100 {
            subscriber.begin("subscription { notificationCreated { id } }", json!({})).await;
        }
        let refused = subscriber.next().await;
        assert_eq!(refused["payload"][0]["extensions"]["code"], "conflict");
        assert!(refused["payload"][0]["extensions"]["requestId"].is_string(), "{refused}");
    }

    async fn mutations_of_one_connection_are_done_in_their_order(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let mut subscriber = ada.subscriber().await;
        let create = "mutation M($id: ID!, $text: String!) { createMessage(input: {sessionId: $id, content: $text}) { seq } }";
        for n in 0..20 {
            subscriber.begin(create, json!({"id": room.id, "text": format!("message {n}")})).await;
        }
        let mut seqs = Vec::new();
        while seqs.len() < 20 {
            let message = subscriber.next().await;
            if message["type"] == "next" {
                seqs.push((message["id"].as_str().unwrap().parse::<u64>().unwrap(), message["payload"]["data"]["createMessage"]["seq"].as_u64().unwrap()));
            }
        }
        assert!(seqs.iter().all(|(id, seq)| id == seq), "{seqs:?}");
    }
}
