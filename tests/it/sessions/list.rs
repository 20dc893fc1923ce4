//! `GET /api/sessions`

use std::time::Duration;

use rondo_testkit::{Person, TestApp, on_each_database, percent, shape::assert_session};
use serde_json::Value;

const PATH: &str = "/api/sessions";

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|session| session["name"].as_str().unwrap()).collect()
}

/// Makes that many sessions, one millisecond after the other.
async fn sessions(app: &TestApp, owner: &Person, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for number in 0..count {
        let name = format!("room {number}");
        app.session().named(&name).owned_by(owner).create().await;
        app.clock.advance(Duration::from_millis(1));
        names.push(name);
    }
    names
}

on_each_database! {
    async fn mine_are_listed_and_nobody_elses(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        app.session().named("hers").public().owned_by(&ada).create().await;
        let shared = app.session().named("shared").public().owned_by(&ada).create().await;
        shared.join(&grace).await;

        let page = grace.get(PATH).await.told(200);

        assert_eq!(names(&page), ["shared"]);
        assert_session(&page["items"][0]);
        assert_eq!(page["items"][0]["role"], "member");
        assert_eq!(page["nextCursor"], Value::Null);
        assert_eq!(page.as_object().unwrap().len(), 2);
    }

    async fn the_newest_activity_comes_first(app: TestApp) {
        let ada = app.user("ada").await;
        let first = app.session().named("first").owned_by(&ada).create().await;
        app.clock.advance(Duration::from_secs(1));
        app.session().named("second").owned_by(&ada).create().await;
        assert_eq!(names(&ada.get(PATH).await.told(200)), ["second", "first"]);

        app.clock.advance(Duration::from_secs(1));
        first.post(&ada, "hi").await;

        assert_eq!(names(&ada.get(PATH).await.told(200)), ["first", "second"]);
    }

    async fn pages_give_each_session_once(app: TestApp) {
        let ada = app.user("ada").await;
        let mut expected = sessions(&app, &ada, 45).await;
        expected.reverse();
        for limit in [20, 45] {
            let (mut found, mut lengths) = (Vec::new(), Vec::new());
            let mut path = format!("{PATH}?limit={limit}");
            loop {
                let page = ada.get(&path).await.told(200);
                lengths.push(names(&page).len());
                found.extend(names(&page).into_iter().map(str::to_owned));
                let Some(cursor) = page["nextCursor"].as_str() else { break };
                path = format!("{PATH}?limit={limit}&cursor={}", percent(cursor));
            }
            assert_eq!(found, expected);
            assert_eq!(lengths, if limit == 20 { vec![20, 20, 5] } else { vec![45] });
        }
        assert_eq!(names(&ada.get(PATH).await.told(200)).len(), 20, "when nothing is said");
    }

    async fn sessions_of_the_same_moment_are_paged_without_loss(app: TestApp) {
        let ada = app.user("ada").await;
        for number in 0..5 {
            app.session().named(&format!("room {number}")).owned_by(&ada).create().await;
        }
        let first = ada.get(&format!("{PATH}?limit=3")).await.told(200);
        let cursor = percent(first["nextCursor"].as_str().unwrap());
        let second = ada.get(&format!("{PATH}?limit=3&cursor={cursor}")).await.told(200);

        let mut found = [names(&first), names(&second)].concat();
        found.sort_unstable();
        assert_eq!(found, ["room 0", "room 1", "room 2", "room 3", "room 4"]);
    }

    async fn a_bad_limit_or_cursor_is_refused(app: TestApp) {
        let ada = app.user("ada").await;
        for limit in ["0", "101", "-1"] {
            ada.get(&format!("{PATH}?limit={limit}")).await.assert_field("limit", "out_of_range");
        }
        for limit in ["abc", "", "1.5", "99999999999999999999"] {
            ada.get(&format!("{PATH}?limit={limit}")).await.assert_field("limit", "wrong_type");
        }
        for cursor in ["abc", "", "%00", "YTox", &percent("ÿ")] {
            ada.get(&format!("{PATH}?cursor={cursor}")).await.assert_field("cursor", "invalid_format");
        }
        let both = ada.get(&format!("{PATH}?cursor=x&limit=0")).await;
        both.assert_problem(422, "validation_failed");
        assert_eq!(both.field_errors().len(), 2);
    }

    async fn fifty_cost_no_more_queries_than_five(app: TestApp) {
        let ada = app.user("ada").await;
        let mut costs = Vec::new();
        for (more, total) in [(5, 5), (45, 50)] {
            sessions(&app, &ada, more).await;
            let mut cheapest = u64::MAX;
            // Now and then a request also asks whether the login is still in force. An answer that is kept costs nothing.
            for limit in 98..=100 {
                let answer = ada.get(&format!("{PATH}?limit={limit}")).await;
                cheapest = cheapest.min(answer.queries());
                assert_eq!(names(&answer.told(200)).len(), total);
            }
            costs.push(cheapest);
        }
        assert!(costs[0] > 0 && costs[0] == costs[1], "queries of 5 and of 50: {costs:?}");
    }
}
