//! `POST /api/sessions/{id}/messages`

use futures_util::future::join_all;
use rondo_domain::MessageId;
use rondo_testkit::{
    TestApp, on_each_database,
    shape::{assert_counted, assert_message},
};
use serde_json::{Value, json};

on_each_database! {
    async fn a_message_is_numbered_and_shown_as_it_was_written(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;

        let message = room.post(&ada, "  ¡Golazo! 🦤\n\u{200b}<b>ñ</b>  ").await;

        assert_message(&message);
        let expected = json!({
            "id": message["id"], "sessionId": room.id, "seq": 1, "author": message["author"],
            "content": "¡Golazo! 🦤\n\u{200b}<b>ñ</b>", "clientMessageId": null, "replyTo": null,
            "createdAt": message["createdAt"], "editedAt": null, "deletedAt": null,
        });
        assert_eq!(message, expected);
        assert_eq!(message["author"]["id"], ada.id);
        room.post(&ada, "two").await;
        room.post(&ada, "three").await;
        let messages = room.messages(&ada).await;
        assert_counted(&messages, "seq", 3);
        assert_eq!(messages[0], message);
        let session = room.seen_by(&ada).await;
        assert_eq!((&session["lastSeq"], &session["lastPosition"]), (&json!(3), &json!(3)));
        assert_eq!(session["lastMessageAt"], messages[2]["createdAt"]);
    }

    async fn a_repeated_client_message_id_gives_the_first_message_again(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let send = async |content: &str| {
            ada.post(&room.path("/messages")).json(json!({"content": content, "clientMessageId": "c-1"})).await
        };
        let first = send("first").await.told(201);
        assert_eq!(first["clientMessageId"], "c-1");

        assert_eq!(send("first").await.told(200), first);
        assert_eq!(send("something else").await.told(200), first);

        let session = room.seen_by(&ada).await;
        assert_eq!((&session["lastSeq"], &session["lastPosition"]), (&json!(1), &json!(1)));
        assert_eq!(room.messages(&ada).await, [first]);
    }

    async fn sends_of_one_client_message_id_at_once_make_one_message(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let body = json!({"content": "once", "clientMessageId": "c-1"});

        let answers = join_all((0..16).map(async |_| ada.post(&room.path("/messages")).json(body.clone()).await)).await;

        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 15);
        assert!(answers.iter().all(|answer| answer.body == answers[0].body));
        assert_eq!(room.messages(&ada).await.len(), 1);
        assert_eq!(room.events(&ada).await.len(), 1);
    }

    async fn a_client_message_id_is_its_authors_and_its_sessions(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        let other = app.session().owned_by(&ada).create().await;
        room.join(&grace).await;
        let body = json!({"content": "hi", "clientMessageId": "c-1"});

        for (person, room) in [(&ada, &room), (&grace, &room), (&ada, &other)] {
            person.post(&room.path("/messages")).json(body.clone()).await.assert_status(201);
        }
    }

    async fn an_answer_is_to_a_message_of_the_same_session(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let other = app.session().owned_by(&ada).create().await;
        let question = room.post(&ada, "who plays?").await;
        let reply =
            async |to: Value| ada.post(&room.path("/messages")).json(json!({"content": "me", "replyTo": to})).await;

        assert_eq!(reply(question["id"].clone()).await.told(201)["replyTo"], question["id"]);
        let elsewhere = other.post(&ada, "hi").await;
        reply(elsewhere["id"].clone()).await.assert_field("replyTo", "unknown_message");
        reply(json!(MessageId::generate())).await.assert_field("replyTo", "unknown_message");
        reply(json!("x")).await.assert_field("replyTo", "invalid_format");
        reply(json!(7)).await.assert_field("replyTo", "wrong_type");
        assert_eq!(room.seen_by(&ada).await["lastSeq"], 2);
    }

    async fn content_is_limited_in_characters(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let send = async |content: Value| ada.post(&room.path("/messages")).json(json!({"content": content})).await;
        let longest = "🦤".repeat(4_000);

        let message = send(json!(format!(" {longest}\n"))).await.told(201);

        assert_eq!(message["content"], longest);
        send(json!("🦤".repeat(4_001))).await.assert_field("content", "too_long");
        for blank in ["", "   ", "\n\t\u{a0}"] {
            send(json!(blank)).await.assert_field("content", "required");
        }
        for nul in ["\0", "a\0b", " \0"] {
            send(json!(nul)).await.assert_field("content", "nul_character");
        }
        send(json!(null)).await.assert_field("content", "wrong_type");
        assert_eq!(room.seen_by(&ada).await["lastSeq"], 1);
    }

    async fn a_body_of_the_wrong_shape_names_its_field(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let send = async |body: Value| ada.post(&room.path("/messages")).json(body).await;

        send(json!({})).await.assert_field("content", "required");
        send(json!({"content": "hi", "seq": 7})).await.assert_field("seq", "unknown_field");
        send(json!({"content": "hi", "author": ada.id})).await.assert_field("author", "unknown_field");
        let named = |name: Value| json!({"content": "hi", "clientMessageId": name});
        send(named(json!("x".repeat(65)))).await.assert_field("clientMessageId", "too_long");
        send(named(json!(" "))).await.assert_field("clientMessageId", "required");
        send(named(json!("a\0"))).await.assert_field("clientMessageId", "nul_character");
        send(named(json!(1))).await.assert_field("clientMessageId", "wrong_type");
        send(named(json!("🦤".repeat(64)))).await.assert_status(201);
        send(named(json!(null))).await.assert_status(201);
    }

    async fn a_body_over_256_kib_is_refused_and_writes_nothing(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let of_length = |length: usize| format!(r#"{{"content":"hi"}}{}"#, " ".repeat(length - 16));

        let path = room.path("/messages");
        let send = async |length| ada.post(&path).body("application/json", of_length(length)).await;

        send(256 * 1_024 + 1).await.assert_problem(413, "payload_too_large");
        send(1_024 * 1_024).await.assert_problem(413, "payload_too_large");
        assert_eq!(room.seen_by(&ada).await["lastSeq"], 0);
        send(256 * 1_024).await.assert_status(201);
    }

    async fn outsiders_write_nothing(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let private = app.session().owned_by(&ada).create().await;
        let public = app.session().public().owned_by(&ada).create().await;
        let body = json!({"content": "hi"});

        eve.post(&private.path("/messages")).json(body.clone()).await.assert_problem(404, "not_found");
        eve.post(&public.path("/messages")).json(body).await.assert_problem(403, "forbidden");
        assert_eq!(private.seen_by(&ada).await["lastSeq"], 0);
        assert_eq!(public.seen_by(&ada).await["lastSeq"], 0);
    }
}
