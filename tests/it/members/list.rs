//! `GET /api/sessions/{id}/members`

use rondo_testkit::{
    TestApp, on_each_database, percent,
    shape::{assert_fields, assert_membership},
};

on_each_database! {
    async fn everybody_is_listed_once_page_by_page(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().public().owned_by(&ada).create().await;
        let mut expected = vec![ada.id.clone()];
        for number in 0..6 {
            let guest = app.user(&format!("guest {number}")).await;
            room.join(&guest).await;
            expected.push(guest.id);
        }

        let mut path = room.path("/members?limit=3");
        let mut found = Vec::new();
        loop {
            let page = ada.get(&path).await.told(200);
            assert_fields(&page, &["items", "nextCursor"]);
            for membership in page["items"].as_array().unwrap() {
                assert_membership(membership);
                assert_eq!(membership["sessionId"], room.id);
                found.push(membership["user"]["id"].as_str().unwrap().to_owned());
            }
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            path = room.path(&format!("/members?limit=3&cursor={}", percent(cursor)));
        }

        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    async fn a_bad_limit_or_cursor_is_refused(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        ada.get(&room.path("/members?limit=0")).await.assert_field("limit", "out_of_range");
        ada.get(&room.path("/members?cursor=x")).await.assert_field("cursor", "invalid_format");
    }

    async fn fifty_cost_no_more_queries_than_five(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().public().owned_by(&ada).create().await;
        let mut costs = Vec::new();
        for (more, total) in [(4, 5), (45, 50)] {
            for number in 0..more {
                room.join(&app.user(&format!("guest {number}")).await).await;
            }
            let mut cheapest = u64::MAX;
            // Now and then a request also asks whether the login is still in force.
            for _ in 0..3 {
                let answer = ada.get(&room.path("/members?limit=100")).await;
                cheapest = cheapest.min(answer.queries());
                assert_eq!(answer.told(200)["items"].as_array().unwrap().len(), total);
            }
            costs.push(cheapest);
        }
        assert!(costs[0] > 0 && costs[0] == costs[1], "queries of 5 and of 50: {costs:?}");
    }
}
