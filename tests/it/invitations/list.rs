//! `GET /api/invitations` and `GET /api/sessions/{id}/invitations`

use rondo_testkit::{TestApp, on_each_database};
use serde_json::json;

on_each_database! {
    async fn mine_are_those_that_wait_for_me(app: TestApp) {
        let [ada, grace, eve] = [app.user("ada").await, app.user("grace").await, app.user("eve").await];
        let (first, second) =
            (app.session().owned_by(&ada).create().await, app.session().owned_by(&ada).create().await);
        first.invite(&ada, &grace, "member").await;
        second.invite(&ada, &grace, "viewer").await;

        let mine = grace.get("/api/invitations").await.told(200);

        let mut sessions: Vec<_> = mine["items"].as_array().unwrap().iter().map(|item| &item["sessionId"]).collect();
        sessions.sort_unstable_by_key(|id| id.as_str());
        assert_eq!(sessions, [&json!(first.id), &json!(second.id)]);
        assert_eq!(eve.get("/api/invitations").await.told(200), json!({"items": [], "nextCursor": null}));
        assert_eq!(first.seen_by(&ada).await["memberCount"], 1);
    }

    async fn fifty_cost_no_more_queries_than_five(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().owned_by(&ada).create().await;
        let mut costs = Vec::new();
        let mut number = 0;
        for (more, total) in [(5, 5), (45, 50)] {
            for _ in 0..more {
                number += 1;
                let body = json!({"sessionId": room.id, "email": format!("guest{number}@example.org"), "role": "member"});
                ada.post("/api/invitations").json(body).await.assert_status(201);
                app.session().owned_by(&ada).create().await.invite(&ada, &grace, "member").await;
            }
            for (person, path) in
                [(&ada, room.path("/invitations?limit=100")), (&grace, "/api/invitations?limit=100".to_owned())]
            {
                let mut cheapest = u64::MAX;
                // Now and then a request also asks whether the login is still in force.
                for _ in 0..3 {
                    let answer = person.get(&path).await;
                    cheapest = cheapest.min(answer.queries());
                    assert_eq!(answer.told(200)["items"].as_array().unwrap().len(), total);
                }
                costs.push(cheapest);
            }
        }
        assert!(costs[0] > 0 && costs[..2] == costs[2..], "queries of 5 and of 50: {costs:?}");
    }
}
