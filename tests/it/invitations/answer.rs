//! `POST /api/invitations/{id}/accept` and `/decline`, and the same over sockets.

use std::time::Duration;

use futures_util::future::join_all;
use rondo_testkit::{
    Backend, TestApp, invitation_path, on_each_database,
    shape::{assert_fields, assert_membership},
};
use serde_json::json;

on_each_database! {
    async fn who_accepts_is_in_and_everybody_concerned_hears_of_it_once(app: TestApp) {
        let [ada, grace, alan] = [app.user("ada").await, app.user("grace").await, app.user("alan").await];
        let room = app.session().owned_by(&ada).create().await;
        room.admit(&ada, &alan, "moderator").await;
        let invitation = room.invite(&alan, &grace, "member").await;
        let (mut inside, mut owner, mut inviter) = (ada.socket().await, ada.socket().await, alan.socket().await);
        inside.join(&room.id).await;

        let accepted = grace.post(&invitation_path(&invitation, "/accept")).await.told(200);

        assert_fields(&accepted, &["invitation", "membership"]);
        assert_membership(&accepted["membership"]);
        assert_eq!((&accepted["invitation"]["status"], &accepted["membership"]["role"]), (&json!("accepted"), &json!("member")));
        let events = room.events(&ada).await;
        assert_eq!(events.len(), 2, "the one event `invitation:accept`");
        assert_eq!(events[1], json!({"type": "invitation:accept", "position": 2, "data": accepted}));
        room.post(&ada, "welcome").await;
        inside.next_event("message:create").await;
        assert_eq!(alan.notifications().await[0]["type"], "invitation_accepted");
        assert_eq!(alan.notifications().await[0]["data"]["by"], json!({"id": grace.id, "displayName": "grace"}));
        for socket in [&mut owner, &mut inviter] {
            assert_eq!(socket.next_event("invitation:accept").await.position(), 2);
        }
        owner.refused("no:event", json!({})).await;
        assert_eq!(owner.heard_lasting(), [], "and once");
    }

    async fn ten_accepts_at_once_are_one(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let invitation = room.invite(&ada, &grace, "member").await;
        let path = invitation_path(&invitation, "/accept");

        let answers = join_all((0..10).map(async |_| grace.post(&path).await)).await;

        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        answers.iter().filter(|answer| answer.status != 200).for_each(|answer| answer.assert_problem(409, "conflict"));
        assert_eq!(room.events(&ada).await.len(), 1);
        assert_eq!(room.seen_by(&ada).await["memberCount"], 2);
        assert_eq!(ada.notifications().await.len(), 1);
    }

    async fn accepting_declining_and_revoking_at_once_do_one_of_them(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        for _ in 0..5 {
            let room = app.session().owned_by(&ada).create().await;
            let invitation = room.invite(&ada, &grace, "member").await;
            let [accept, decline, revoke] = ["/accept", "/decline", ""].map(|below| invitation_path(&invitation, below));

            let requests = [grace.post(&accept), grace.post(&decline), ada.delete(&revoke)];
            let statuses = join_all(requests.map(async |request| request.await.status)).await;

            assert_eq!(statuses.iter().filter(|status| **status < 300).count(), 1, "{statuses:?}");
            assert_eq!(room.seen_by(&ada).await["memberCount"], if statuses[0] == 200 { 2 } else { 1 });
        }
    }

    async fn who_declines_stays_out_and_the_inviter_is_told(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let invitation = room.invite(&ada, &grace, "member").await;

        let declined = grace.post(&invitation_path(&invitation, "/decline")).await.told(200);

        assert_eq!((&declined["status"], &declined["id"]), (&json!("declined"), &invitation["id"]));
        assert_eq!(ada.notifications().await[0]["type"], "invitation_declined");
        grace.get(&room.path("")).await.assert_problem(404, "not_found");
        for below in ["/accept", "/decline"] {
            grace.post(&invitation_path(&invitation, below)).await.assert_problem(409, "conflict");
        }
        assert_eq!(room.events(&ada).await.len(), 0);
        room.admit(&ada, &grace, "member").await; // invited once more
    }

    async fn an_expired_invitation_cannot_be_answered_and_may_be_sent_again(backend: Backend) {
        let app = TestApp::with(backend, &[("ACCESS_TOKEN_TTL", "86400"), ("INVITATION_TTL", "3600")]).await;
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let invitation = room.invite(&ada, &grace, "member").await;

        app.clock.advance(Duration::from_hours(1));

        for below in ["/accept", "/decline"] {
            grace.post(&invitation_path(&invitation, below)).await.assert_problem(409, "conflict");
        }
        assert_eq!(grace.get("/api/invitations").await.told(200)["items"], json!([]));
        let listed = ada.get(&room.path("/invitations")).await.told(200);
        assert_eq!(listed["items"][0]["status"], "expired");
        ada.delete(&invitation_path(&invitation, "")).await.assert_problem(409, "conflict");
        room.admit(&ada, &grace, "member").await;
        assert_eq!(room.seen_by(&ada).await["memberCount"], 2);
    }

    async fn an_invitation_of_a_deleted_session_is_gone(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let invitation = room.invite(&ada, &grace, "member").await;
        ada.delete(&room.path("")).await.assert_status(204);
        assert_eq!(grace.get("/api/invitations").await.told(200)["items"], json!([]));
        let answer = grace.post(&invitation_path(&invitation, "/accept")).await;
        assert!([404, 409].contains(&answer.status), "{answer:?}");
    }

    async fn who_is_in_already_gets_the_higher_role(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        for (invited, expected) in [("moderator", "moderator"), ("viewer", "member")] {
            let room = app.session().public().owned_by(&ada).create().await;
            let invitation = room.invite(&ada, &grace, invited).await;
            room.join(&grace).await;
            let accepted = grace.post(&invitation_path(&invitation, "/accept")).await.told(200);
            assert_eq!(accepted["membership"]["role"], expected);
            assert_eq!(room.seen_by(&grace).await["role"], expected);
        }
    }

    async fn sockets_answer_too(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let socket = grace.socket().await;
        let declined = room.invite(&ada, &grace, "member").await;
        let answer = socket.done("invitation:decline", json!({"invitationId": declined["id"]})).await;
        assert_eq!(answer["invitation"]["status"], "declined");
        assert_eq!(socket.refused("invitation:accept", json!({"invitationId": declined["id"]})).await, "conflict");
        let accepted = room.invite(&ada, &grace, "viewer").await;
        let answer = socket.done("invitation:accept", json!({"invitationId": accepted["id"]})).await;
        assert_fields(&answer, &["invitation", "membership"]);
        assert_eq!(room.seen_by(&grace).await["role"], "viewer");
    }
}
