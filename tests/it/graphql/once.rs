//! Effect once, by `Idempotency-Key` and by `clientMessageId`, as over REST.

use rondo_testkit::{Person, TestApp, on_each_database};
use serde_json::{Value, json};

use super::ask::{ask_as, assert_field, assert_refused, told};

const CREATE: &str = "mutation M($input: CreateSessionInput!) { createSession(input: $input) { id name role } }";

async fn create(person: &Person, key: &str, name: &str, document: &str) -> rondo_testkit::Answer {
    ask_as(person, document, json!({"input": {"name": name}})).header("idempotency-key", key).await
}

on_each_database! {
    async fn a_repeated_mutation_says_so_and_another_input_is_refused(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let first = create(&ada, "k-1", "A room", CREATE).await;
        let again = create(&ada, "k-1", "A room", CREATE).await;
        assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
        assert_eq!(first.body, again.body);
        // What is selected is no part of what is asked for.
        let other = "mutation M($input: CreateSessionInput!) { createSession(input: $input) { id visibility } }";
        let told_again = told(&create(&ada, "k-1", "A room", other).await, "createSession");
        assert_eq!(told_again, json!({"id": first.body["data"]["createSession"]["id"], "visibility": "PRIVATE"}));
        assert_refused(&create(&ada, "k-1", "Another", CREATE).await, "idempotency_mismatch");
        let others = told(&create(&grace, "k-1", "A room", CREATE).await, "createSession");
        assert_ne!(others["id"], told_again["id"], "a key is a person's own");
        assert_eq!(ada.get("/api/sessions").await.told(200)["items"].as_array().unwrap().len(), 1);
    }

    async fn every_guarded_mutation_is_given_again(app: TestApp) {
        let (ada, grace, eve) = (app.user("ada").await, app.user("grace").await, app.user("eve").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&eve).await;
        let message = room.post(&ada, "hello").await;
        let (accepted, declined) = (room.invite(&ada, &grace, "viewer").await, {
            let other = app.session().owned_by(&ada).create().await;
            other.invite(&ada, &grace, "viewer").await
        });
        let notification = grace.notifications().await[0].clone();
        let mutations: [(&Person, &str, &str, Value); 11] = [
            (&ada, "updateMe", "{ id bio email }", json!({"bio": "Left-footed."})),
            (&ada, "updateSession", "{ id name unreadCount }", json!({"sessionId": room.id, "name": "Another"})),
            (&grace, "acceptInvitation", "{ invitation { status } membership { role } }", json!({"invitationId": accepted["id"]})),
            (&grace, "declineInvitation", "{ id status }", json!({"invitationId": declined["id"]})),
            (&ada, "updateMember", "{ role user { id } }", json!({"sessionId": room.id, "userId": eve.id, "role": "VIEWER"})),
            (&ada, "createMessage", "{ id seq content }", json!({"sessionId": room.id, "content": "again"})),
            (&ada, "updateMessage", "{ id content editedAt }", json!({"messageId": message["id"], "content": "better"})),
            (&ada, "createInvitation", "{ id email status }", json!({"sessionId": room.id, "email": "who@example.org", "role": "MEMBER"})),
            (&grace, "readNotification", "", json!({"notificationId": notification["id"]})),
            (&grace, "readAllNotifications", "", json!({})),
            (&eve, "leaveSession", "", json!({"sessionId": room.id})),
        ];
        for (person, field, selection, input) in mutations {
            let kind = format!("{}{}", field[..1].to_uppercase(), &field[1..]);
            let document = format!("mutation M($input: {kind}Input!) {{ {field}(input: $input) {selection} }}");
            let send = || ask_as(person, &document, json!({"input": input})).header("idempotency-key", format!("once-{field}"));
            let (first, again) = (send().await, send().await);
            told(&first, field);
            assert_eq!(again.header("idempotency-replayed"), Some("true"), "{field}: {}", again.body);
            assert_eq!(first.body, again.body, "{field}");
        }
        assert_eq!(room.messages(&ada).await.len(), 2);
    }

    async fn a_client_message_id_gives_the_first_message_whatever_the_surface(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let document = "mutation M($input: CreateMessageInput!) { createMessage(input: $input) { id seq content } }";
        let input = json!({"input": {"sessionId": room.id, "content": "hello", "clientMessageId": "c-1"}});
        let first = told(&ask_as(&ada, document, input.clone()).await, "createMessage");
        let again = told(&ask_as(&ada, document, input).await, "createMessage");
        assert_eq!(first, again);
        let body = json!({"content": "hello", "clientMessageId": "c-1"});
        let rest = ada.post(&room.path("/messages")).json(body).await.told(200);
        assert_eq!(rest["id"], first["id"]);
        assert_eq!(room.messages(&ada).await.len(), 1);
    }

    async fn a_key_names_one_mutation(app: TestApp) {
        let ada = app.user("ada").await;
        let document = "mutation { a: createSession(input: {name: \"a\"}) { id } b: createSession(input: {name: \"b\"}) { id } }";
        let answer = ask_as(&ada, document, json!({})).header("idempotency-key", "k").await;
        answer.assert_status(400);
        assert_field(&answer, "Idempotency-Key", "ambiguous");
        let answer = create(&ada, "not a key", "A room", CREATE).await;
        assert_field(&answer, "Idempotency-Key", "invalid_format");
        told(&ask_as(&ada, "{ me { id } }", json!({})).header("idempotency-key", "k").await, "me");
        assert!(ada.get("/api/sessions").await.told(200)["items"].as_array().unwrap().is_empty());
    }
}
