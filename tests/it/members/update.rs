//! `PATCH /api/sessions/{id}/members/{userId}`

use futures_util::future::join_all;
use rondo_testkit::{TestApp, on_each_database, shape::assert_membership};
use serde_json::{Value, json};

on_each_database! {
    async fn an_owner_gives_another_role_and_the_person_is_told(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().named("Fulbito").public().owned_by(&ada).create().await;
        room.join(&grace).await;

        let changed = room.change_role(&ada, &grace, "viewer").await;

        assert_membership(&changed);
        assert_eq!((&changed["role"], &changed["user"]["id"]), (&json!("viewer"), &json!(grace.id)));
        assert_eq!(room.seen_by(&grace).await["role"], "viewer");
        let event = &room.events(&ada).await[1];
        assert_eq!(*event, json!({"type": "member:update", "position": 2, "data": changed}));
        let notification = &grace.notifications().await[0];
        assert_eq!(notification["type"], "role_changed");
        let expected = json!({
            "sessionId": room.id, "sessionName": "Fulbito", "role": "viewer", "previousRole": "member",
            "by": {"id": ada.id, "displayName": "ada"},
        });
        assert_eq!(notification["data"], expected);
    }

    async fn the_role_one_has_already_changes_nothing(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        assert_eq!(room.change_role(&ada, &grace, "member").await["role"], "member");
        assert_eq!(room.change_role(&ada, &ada, "owner").await["role"], "owner");
        assert_eq!(room.events(&ada).await.len(), 1);
        assert_eq!(grace.notifications().await.len(), 0);
    }

    async fn the_last_owner_stays_one_until_the_session_is_handed_on(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let step_down = async || ada.patch(&room.member_path(&ada)).json(json!({"role": "member"})).await;

        step_down().await.assert_problem(409, "conflict");
        room.change_role(&ada, &grace, "owner").await;
        step_down().await.assert_status(200);

        assert_eq!(room.seen_by(&ada).await["role"], "member");
        assert_eq!(ada.notifications().await, Vec::<Value>::new(), "nobody is told what they did themselves");
        grace.post(&room.path("/leave")).await.assert_problem(409, "conflict");
    }

    async fn two_owners_who_lower_each_other_at_once_leave_one(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        for _ in 0..5 {
            let room = app.session().public().owned_by(&ada).create().await;
            room.admit(&ada, &grace, "owner").await;

            let lower = [(&ada, &grace), (&grace, &ada), (&ada, &ada), (&grace, &grace)].map(async |(by, whom)| {
                by.patch(&room.member_path(whom)).json(json!({"role": "viewer"})).await.status
            });
            let statuses = join_all(lower).await;

            // Whoever is lowered twice is lowered: that is no refusal.
            let members = ada.get(&room.path("/members")).await.told(200);
            let owners = members["items"].as_array().unwrap().iter().filter(|member| member["role"] == "owner").count();
            assert_eq!(owners, 1, "{statuses:?}");
            assert!(statuses.iter().all(|status| [200, 403, 409].contains(status)), "{statuses:?}");
        }
    }

    async fn a_role_that_is_none_and_a_member_who_is_none_are_refused(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let room = app.session().owned_by(&ada).create().await;
        let change = async |body: Value| ada.patch(&room.member_path(&ada)).json(body).await;

        for role in ["king", "Owner", ""] {
            change(json!({"role": role})).await.assert_field("role", "invalid_value");
        }
        change(json!({"role": 1})).await.assert_field("role", "wrong_type");
        change(json!({})).await.assert_field("role", "required");
        change(json!({"role": "owner", "since": 1})).await.assert_field("since", "unknown_field");
        let stranger = ada.patch(&room.member_path(&eve)).json(json!({"role": "member"})).await;
        stranger.assert_problem(404, "not_found");
    }
}
