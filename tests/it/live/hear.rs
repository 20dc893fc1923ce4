//! What happens in a session reaches those who joined its room.

use rondo_testkit::{
    Event, TestApp, on_each_database,
    shape::{assert_fields, assert_message, assert_session, assert_user},
};
use serde_json::{Value, json};

/// A live event's data without its position, which must be this one.
#[track_caller]
fn at(position: u64, event: Event) -> Value {
    let mut data = event.data;
    assert_eq!(data.as_object_mut().unwrap().remove("position"), Some(json!(position)), "{data}");
    data
}

on_each_database! {
    async fn a_message_over_rest_reaches_every_connection_with_its_position(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut sockets = [ada.socket().await, grace.socket().await, grace.socket().await];
        for socket in &sockets {
            socket.join(&room.id).await;
        }

        let message = room.post(&ada, "¡Golazo!").await;

        assert_message(&message);
        for socket in &mut sockets {
            assert_eq!(at(2, socket.next_event("message:create").await), message);
        }
    }

    async fn a_message_over_a_socket_is_acknowledged_and_heard_by_its_sender_too(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let mut socket = ada.socket().await;
        let send = json!({"sessionId": room.id, "content": " hi ", "clientMessageId": "c-1"});
        socket.join(&room.id).await;

        let message = socket.done("message:create", send.clone()).await;
        assert_message(&message);
        assert_eq!((&message["content"], &message["seq"]), (&json!("hi"), &json!(1)));
        assert_eq!(at(1, socket.next_event("message:create").await), message);

        assert_eq!(socket.done("message:create", send).await, message, "the first one again");
        let other = room.post(&ada, "other").await;
        assert_eq!(at(2, socket.next_event("message:create").await), other, "and nothing was told of it");
    }

    async fn the_answer_to_joining_tells_where_it_stands(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        room.post(&ada, "hi").await;
        let (first, second) = (ada.socket().await, grace.socket().await);
        first.join(&room.id).await;

        let joined = second.join(&room.id).await;

        let fields = ["session", "presence", "presenceCount", "position", "recovered", "events", "more"];
        assert_fields(&joined, &fields);
        assert_session(&joined["session"]);
        assert_eq!((&joined["session"]["role"], &joined["session"]["unreadCount"]), (&json!("member"), &json!(1)));
        assert_eq!(
            (&joined["position"], &joined["recovered"], &joined["more"]),
            (&json!(2), &json!(true), &json!(false))
        );
        assert_eq!((&joined["events"], &joined["presenceCount"]), (&json!([]), &json!(2)));
        for present in joined["presence"].as_array().unwrap() {
            assert_fields(present, &["user", "connections", "since"]);
            assert_user(&present["user"]);
            assert_eq!(present["connections"], 1);
        }
    }

    async fn changes_of_the_session_and_its_members_are_heard(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        let mut socket = ada.socket().await;
        socket.join(&room.id).await;

        room.join(&grace).await;
        ada.patch(&room.path("")).json(json!({"name": "Another name"})).await.assert_status(200);
        room.leave(&grace).await;

        let log = room.events(&ada).await;
        for (position, name) in [(1, "member:update"), (2, "session:update"), (3, "member:remove")] {
            let event = socket.next_event(name).await;
            assert_eq!(at(position, event), log[usize::try_from(position).unwrap() - 1]["data"], "{name}");
        }
    }

    async fn who_did_not_join_the_room_hears_nothing_and_outsiders_cannot_join(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let private = app.session().owned_by(&ada).create().await;
        let public = app.session().public().owned_by(&ada).create().await;
        let (mut hers, mut out) = (ada.socket().await, eve.socket().await);
        let mut idle = ada.socket().await;
        hers.join(&private.id).await;
        hers.join(&public.id).await;

        assert_eq!(out.refused("session:join", json!({"sessionId": private.id})).await, "not_found");
        assert_eq!(out.refused("session:join", json!({"sessionId": public.id})).await, "forbidden");
        let send = |id: &str| json!({"sessionId": id, "content": "hi"});
        assert_eq!(out.refused("message:create", send(&private.id)).await, "not_found");
        assert_eq!(out.refused("message:create", send(&public.id)).await, "forbidden");

        // Rooms are told in order: once she heard the second message, whatever the first one brought others is sent.
        for room in [&private, &private, &public, &public] {
            room.post(&ada, "hi").await;
            hers.next_event("message:create").await;
        }
        for socket in [&mut out, &mut idle] {
            socket.refused("no:event", json!({})).await;
            assert_eq!(socket.heard(), []);
        }
    }
}
