//! `POST /api/invitations`

use futures_util::future::join_all;
use rondo_testkit::{
    Backend, Person, Room, TestApp, on_each_database,
    shape::{assert_fields, assert_id, assert_time, assert_user},
};
use serde_json::{Value, json};

const PATH: &str = "/api/invitations";

fn body(room: &Room, email: &str, role: &str) -> Value {
    json!({"sessionId": room.id, "email": email, "role": role})
}

#[track_caller]
fn assert_invitation(invitation: &Value) {
    let fields = ["id", "sessionId", "sessionName", "inviter", "email", "role", "status", "expiresAt", "createdAt"];
    assert_fields(invitation, &fields);
    assert_id(&invitation["id"]);
    assert_user(&invitation["inviter"]);
    assert_time(&invitation["expiresAt"]);
    assert_time(&invitation["createdAt"]);
}

/// Registers this very address.
async fn register(app: &TestApp, email: &str) -> String {
    let body = json!({"email": email, "password": "correct horse", "displayName": "Late"});
    app.post("/api/auth/register").json(body).await.told(201)["accessToken"].as_str().unwrap().to_owned()
}

on_each_database! {
    async fn who_is_invited_hears_of_it_and_is_notified(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().named("Fulbito").owned_by(&ada).create().await;
        let mut socket = grace.socket().await;

        let answer = ada.post(PATH).json(body(&room, &grace.email.to_uppercase(), "viewer")).await;

        let location = answer.header("location").unwrap().to_owned();
        let invitation = answer.told(201);
        assert_invitation(&invitation);
        assert_eq!(location, format!("{PATH}/{}", invitation["id"].as_str().unwrap()));
        assert_eq!((&invitation["email"], &invitation["status"]), (&json!(grace.email), &json!("pending")));
        let notification = &grace.notifications().await[0];
        let mut heard = [socket.next().await, socket.next().await].map(|event| (event.name, event.data));
        heard.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let expected = [("invitation:create", &invitation), ("notification:create", notification)];
        assert_eq!(heard, expected.map(|(name, data)| (name.to_owned(), data.clone())));
        assert_eq!((&notification["type"], &notification["readAt"]), (&json!("invitation"), &Value::Null));
        let expected = json!({
            "invitationId": invitation["id"], "sessionId": room.id, "sessionName": "Fulbito",
            "inviter": {"id": ada.id, "displayName": "ada"}, "role": "viewer", "email": grace.email,
        });
        assert_eq!(notification["data"], expected);
        assert_eq!(room.seen_by(&ada).await["lastPosition"], 0, "an invitation is nothing that the room hears");
    }

    async fn who_is_in_or_invited_is_not_invited_again(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let invite = async |email: &str| ada.post(PATH).json(body(&room, email, "member")).await;
        invite(&ada.email).await.assert_problem(409, "conflict");
        invite(&grace.email).await.assert_status(201);
        invite(&grace.email.to_uppercase()).await.assert_problem(409, "conflict");
        invite("nobody@example.org").await.assert_status(201);
        invite("nobody@example.org").await.assert_problem(409, "conflict");

        let invitation = &grace.get(PATH).await.told(200)["items"][0];
        grace.post(&rondo_testkit::invitation_path(invitation, "/accept")).await.assert_status(200);

        invite(&grace.email).await.assert_problem(409, "conflict");
        assert_eq!(grace.notifications().await.len(), 1);
    }

    async fn invitations_of_one_address_at_once_make_one(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let invite = async |_| ada.post(PATH).json(body(&room, &grace.email, "member")).await.status;
        let statuses = join_all((0..10).map(invite)).await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 9, "{statuses:?}");
        assert_eq!(grace.notifications().await.len(), 1);
    }

    async fn an_address_without_an_account_finds_it_when_it_registers(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let invitation = ada.post(PATH).json(body(&room, "Late@Example.org", "member")).await.told(201);
        assert_invitation(&invitation);

        let late = ada.with_token(&register(&app, "late@example.org").await);

        assert_eq!(late.get(PATH).await.told(200)["items"], json!([invitation]));
        let notifications = late.notifications().await;
        assert_eq!(notifications.len(), 1);
        assert_eq!(notifications[0]["data"]["invitationId"], invitation["id"]);
        late.post(&rondo_testkit::invitation_path(&invitation, "/accept")).await.assert_status(200);
        assert_eq!(room.seen_by(&late).await["role"], "member");
    }

    async fn an_address_without_an_account_is_refused_where_that_is_the_setting(backend: Backend) {
        let app = TestApp::with(backend, &[("INVITE_UNKNOWN", "off")]).await;
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let unknown = ada.post(PATH).json(body(&room, "late@example.org", "member")).await;
        unknown.assert_field("email", "unknown_account");
        ada.post(PATH).json(body(&room, &grace.email, "member")).await.assert_status(201);
    }

    async fn a_body_of_the_wrong_shape_names_its_field(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let send = async |person: &Person, body: Value| person.post(PATH).json(body).await;
        for role in ["owner", "king", ""] {
            send(&ada, body(&room, "a@b.org", role)).await.assert_field("role", "invalid_value");
        }
        send(&ada, body(&room, "no address", "member")).await.assert_field("email", "invalid_format");
        let malformed = json!({"sessionId": "x", "email": "a@b.org", "role": "member"});
        send(&ada, malformed).await.assert_field("sessionId", "invalid_format");
        send(&ada, json!({"sessionId": room.id, "role": "member"})).await.assert_field("email", "required");
        let mut extra = body(&room, "a@b.org", "member");
        extra["note"] = json!("hi");
        send(&ada, extra).await.assert_field("note", "unknown_field");
    }
}
