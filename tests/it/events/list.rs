//! `GET /api/sessions/{id}/events`

use rondo_testkit::{
    Person, Room, TestApp, on_each_database,
    shape::{assert_event, assert_fields, numbers},
};
use serde_json::{Value, json};

/// A room with that many events, all of them messages.
async fn room(app: &TestApp, owner: &Person, events: usize) -> Room {
    let room = app.session().owned_by(owner).create().await;
    for number in 0..events {
        room.post(owner, &format!("message {number}")).await;
    }
    room
}

async fn page(room: &Room, reader: &Person, query: &str) -> Value {
    let page = reader.get(&room.path(&format!("/events{query}"))).await.told(200);
    assert_fields(&page, &["items", "position", "recovered", "more"]);
    page["items"].as_array().unwrap().iter().for_each(assert_event);
    page
}

fn positions(page: &Value) -> Vec<u64> {
    numbers(page["items"].as_array().unwrap(), "position")
}

on_each_database! {
    async fn the_oldest_come_first_and_position_is_where_to_ask_on_from(app: TestApp) {
        let ada = app.user("ada").await;
        let room = room(&app, &ada, 7).await;

        let first = page(&room, &ada, "?after=0&limit=3").await;
        assert_eq!(positions(&first), [1, 2, 3]);
        assert_eq!(first["position"], 3);
        assert_eq!((&first["recovered"], &first["more"]), (&json!(true), &json!(true)));

        let last = page(&room, &ada, "?after=3&limit=4").await;
        assert_eq!(positions(&last), [4, 5, 6, 7]);
        assert_eq!((&last["position"], &last["more"]), (&json!(7), &json!(false)));

        let none = page(&room, &ada, "?after=7").await;
        let expected = json!({"items": [], "position": 7, "recovered": true, "more": false});
        assert_eq!(none, expected);
        assert_eq!(positions(&page(&room, &ada, "").await), [1, 2, 3, 4, 5, 6, 7]);
    }

    async fn a_hundred_are_given_when_nothing_is_said_and_five_hundred_at_most(app: TestApp) {
        let ada = app.user("ada").await;
        let room = room(&app, &ada, 101).await;

        let usual = page(&room, &ada, "").await;
        assert_eq!((positions(&usual).len(), &usual["more"]), (100, &json!(true)));
        let most = page(&room, &ada, "?limit=500").await;
        assert_eq!((positions(&most).len(), &most["more"]), (101, &json!(false)));
    }

    async fn a_new_session_has_an_empty_log(app: TestApp) {
        let ada = app.user("ada").await;
        let room = room(&app, &ada, 0).await;
        let expected = json!({"items": [], "position": 0, "recovered": true, "more": false});
        assert_eq!(page(&room, &ada, "").await, expected);
    }

    async fn beyond_the_end_nothing_is_recovered(app: TestApp) {
        let ada = app.user("ada").await;
        let room = room(&app, &ada, 2).await;
        for after in ["3", "9223372036854775807"] {
            let page = page(&room, &ada, &format!("?after={after}")).await;
            assert_eq!(page, json!({"items": [], "position": 2, "recovered": false, "more": false}));
        }
    }

    async fn a_bad_parameter_is_refused(app: TestApp) {
        let ada = app.user("ada").await;
        let room = room(&app, &ada, 0).await;
        let ask = async |query: &str| ada.get(&room.path(&format!("/events?{query}"))).await;

        for limit in ["0", "501", "-1"] {
            ask(&format!("limit={limit}")).await.assert_field("limit", "out_of_range");
        }
        ask("limit=abc").await.assert_field("limit", "wrong_type");
        ask("after=-1").await.assert_field("after", "out_of_range");
        for after in ["abc", "1.5", "", "9223372036854775808"] {
            ask(&format!("after={after}")).await.assert_field("after", "wrong_type");
        }
    }

    async fn outsiders_read_nothing(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let private = app.session().owned_by(&ada).create().await;
        let public = app.session().public().owned_by(&ada).create().await;

        eve.get(&private.path("/events")).await.assert_problem(404, "not_found");
        eve.get(&public.path("/events")).await.assert_problem(403, "forbidden");
    }
}
