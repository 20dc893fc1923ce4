//! `GET /api/sessions/{id}/messages`

use rondo_testkit::{
    Person, Room, TestApp, on_each_database, percent,
    shape::{assert_message, numbers},
};

/// Posts that many messages.
async fn talk(room: &Room, author: &Person, count: usize) {
    for number in 0..count {
        room.post(author, &format!("message {number}")).await;
    }
}

/// The `seq` of a page's messages, and the cursor of the next one.
async fn page(room: &Room, reader: &Person, query: &str) -> (Vec<u64>, Option<String>) {
    let page = reader.get(&room.path(&format!("/messages?{query}"))).await.told(200);
    assert_eq!(page.as_object().unwrap().len(), 2, "items and nextCursor");
    let items = page["items"].as_array().unwrap();
    items.iter().for_each(assert_message);
    (numbers(items, "seq"), page["nextCursor"].as_str().map(percent))
}

on_each_database! {
    async fn the_newest_come_first_and_the_cursor_goes_back(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        talk(&room, &ada, 45).await;

        let (first, cursor) = page(&room, &ada, "").await;
        assert_eq!(first, (26..=45).rev().collect::<Vec<_>>());
        room.post(&ada, "what comes meanwhile moves no page").await;
        let (second, cursor) = page(&room, &ada, &format!("cursor={}", cursor.unwrap())).await;
        assert_eq!(second, (6..=25).rev().collect::<Vec<_>>());
        let (third, cursor) = page(&room, &ada, &format!("cursor={}", cursor.unwrap())).await;
        assert_eq!((third, cursor), ((1..=5).rev().collect(), None));
    }

    async fn after_a_seq_the_oldest_come_first_and_the_cursor_goes_on(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        talk(&room, &ada, 12).await;

        let (first, cursor) = page(&room, &ada, "afterSeq=2&limit=5").await;
        assert_eq!(first, [3, 4, 5, 6, 7]);
        let cursor = cursor.unwrap();
        // `afterSeq` may stand beside the cursor that it led to.
        for query in [format!("limit=5&cursor={cursor}"), format!("afterSeq=2&limit=5&cursor={cursor}")] {
            assert_eq!(page(&room, &ada, &query).await, (vec![8, 9, 10, 11, 12], None));
        }
        assert_eq!(page(&room, &ada, "afterSeq=12").await, (vec![], None));
        assert_eq!(page(&room, &ada, "afterSeq=99").await, (vec![], None));
        assert_eq!(page(&room, &ada, "afterSeq=0&limit=100").await.0.len(), 12);
    }

    async fn a_session_without_messages_is_an_empty_page(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        assert_eq!(page(&room, &ada, "").await, (vec![], None));
        assert_eq!(page(&room, &ada, "afterSeq=0").await, (vec![], None));
    }

    async fn a_bad_parameter_is_refused(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        talk(&room, &ada, 2).await;
        let ask = async |query: &str| ada.get(&room.path(&format!("/messages?{query}"))).await;
        let cursor = page(&room, &ada, "limit=1").await.1.unwrap();

        ask(&format!("cursor={cursor}&afterSeq=0")).await.assert_field("cursor", "conflict");
        for limit in ["0", "101"] {
            ask(&format!("limit={limit}")).await.assert_field("limit", "out_of_range");
        }
        ask("limit=abc").await.assert_field("limit", "wrong_type");
        ask("afterSeq=-1").await.assert_field("afterSeq", "out_of_range");
        ask("afterSeq=abc").await.assert_field("afterSeq", "wrong_type");
        ask("cursor=abc").await.assert_field("cursor", "invalid_format");
        app.session().owned_by(&ada).create().await;
        let foreign = ada.get("/api/sessions?limit=1").await.told(200);
        let foreign = percent(foreign["nextCursor"].as_str().unwrap());
        ask(&format!("cursor={foreign}")).await.assert_field("cursor", "invalid_format");
    }

    async fn outsiders_read_nothing(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let private = app.session().owned_by(&ada).create().await;
        let public = app.session().public().owned_by(&ada).create().await;

        eve.get(&private.path("/messages")).await.assert_problem(404, "not_found");
        eve.get(&public.path("/messages")).await.assert_problem(403, "forbidden");
    }

    async fn fifty_cost_no_more_queries_than_five(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let mut costs = Vec::new();
        for (more, total) in [(5, 5), (45, 50)] {
            for number in 0..more {
                room.post(if number % 2 == 0 { &ada } else { &grace }, "hi").await;
            }
            let mut cheapest = u64::MAX;
            // Now and then a request also asks whether the login is still in force.
            for _ in 0..3 {
                let answer = ada.get(&room.path("/messages?limit=100")).await;
                cheapest = cheapest.min(answer.queries());
                assert_eq!(answer.told(200)["items"].as_array().unwrap().len(), total);
            }
            costs.push(cheapest);
        }
        assert!(costs[0] > 0 && costs[0] == costs[1], "queries of 5 and of 50: {costs:?}");
    }
}
