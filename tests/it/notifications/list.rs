//! `GET /api/notifications` and the marks of reading.

use rondo_testkit::{
    Person, TestApp, on_each_database, percent,
    shape::{assert_fields, assert_id, assert_time},
};
use serde_json::{Value, json};

const PATH: &str = "/api/notifications";

async fn listed(person: &Person, query: &str) -> Value {
    let page = person.get(&format!("{PATH}{query}")).await.told(200);
    assert_fields(&page, &["items", "nextCursor", "unreadCount"]);
    for item in page["items"].as_array().unwrap() {
        assert_fields(item, &["id", "type", "data", "readAt", "createdAt"]);
        assert_id(&item["id"]);
        assert_time(&item["createdAt"]);
    }
    page
}

on_each_database! {
    async fn a_mention_notifies_members_alone_and_oneself_never(app: TestApp) {
        let [ada, grace, eve] = [app.user("ada").await, app.user("grace").await, app.user("eve").await];
        let room = app.session().named("Fulbito").owned_by(&ada).create().await;
        room.admit(&ada, &grace, "member").await;
        let mut socket = grace.socket().await;

        let message = room.post(&ada, &format!("<@{}> <@{}> <@{}>: tonight?", grace.id, eve.id, ada.id)).await;

        let notification = grace.notifications().await.remove(0);
        assert_eq!(notification["type"], "mention");
        let data = &notification["data"];
        assert_eq!((&data["sessionId"], &data["sessionName"]), (&json!(room.id), &json!("Fulbito")));
        assert_eq!((&data["messageId"], &data["by"]["id"]), (&message["id"], &json!(ada.id)));
        assert_eq!(socket.next_event("notification:create").await.data, notification);
        assert_eq!(eve.notifications().await, Vec::<Value>::new());
        assert!(ada.notifications().await.iter().all(|notification| notification["type"] != "mention"));
    }

    async fn a_mention_tells_what_its_message_says_and_nothing_of_a_deleted_one(app: TestApp) {
        let [ada, grace, eve] = [app.user("ada").await, app.user("grace").await, app.user("eve").await];
        let room = app.session().named("Fulbito").owned_by(&ada).create().await;
        for user in [&grace, &eve] {
            room.admit(&ada, user, "member").await;
        }
        let kept = room.post(&ada, &format!("<@{}> stays", grace.id)).await;
        let message = room.post(&ada, &format!("a secret for <@{}> and <@{}>", grace.id, eve.id)).await;
        let before = grace.notifications().await.remove(0);

        let edit = json!({"content": "the secret"});
        ada.patch(&room.message_path(&message)).json(edit).await.assert_status(200);
        for user in [&grace, &eve] {
            assert_eq!(user.notifications().await[0]["data"]["excerpt"], "the secret");
        }
        ada.delete(&room.message_path(&message)).await.assert_status(204);

        let mut expected = before;
        expected["data"]["excerpt"] = Value::Null;
        let told = grace.notifications().await;
        assert_eq!(told[0], expected, "ids and names stay");
        assert_eq!((&told[1]["data"]["messageId"], told[1]["data"]["excerpt"].is_string()), (&kept["id"], true));
        for user in [&grace, &eve] {
            let everything = json!(listed(user, "").await).to_string();
            assert!(!everything.contains("secret"), "{everything}");
        }
    }

    async fn what_is_read_is_marked_once_and_counted(app: TestApp) {
        let [ada, grace, eve] = [app.user("ada").await, app.user("grace").await, app.user("eve").await];
        for _ in 0..3 {
            app.session().owned_by(&ada).create().await.invite(&ada, &grace, "member").await;
        }
        let page = listed(&grace, "").await;
        assert_eq!((page["items"].as_array().unwrap().len(), &page["unreadCount"]), (3, &json!(3)));
        let read = format!("{PATH}/{}/read", page["items"][1]["id"].as_str().unwrap());

        eve.post(&read).await.assert_problem(404, "not_found");
        for _ in 0..2 {
            grace.post(&read).await.assert_status(204);
        }

        let unread = listed(&grace, "?unread=true").await;
        assert_eq!((unread["items"].as_array().unwrap().len(), &unread["unreadCount"]), (2, &json!(2)));
        assert_time(&listed(&grace, "").await["items"][1]["readAt"]);
        grace.post(&format!("{PATH}/read-all")).await.assert_status(204);
        assert_eq!(listed(&grace, "?unread=true").await, json!({"items": [], "nextCursor": null, "unreadCount": 0}));
        assert_eq!(listed(&grace, "").await["items"].as_array().unwrap().len(), 3);
    }

    async fn pages_go_back_and_bad_parameters_are_refused(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        for _ in 0..3 {
            app.session().owned_by(&ada).create().await.invite(&ada, &grace, "member").await;
        }
        let first = listed(&grace, "?limit=2").await;
        let cursor = percent(first["nextCursor"].as_str().unwrap());
        let second = listed(&grace, &format!("?limit=2&cursor={cursor}")).await;
        assert_eq!((second["items"].as_array().unwrap().len(), &second["nextCursor"]), (1, &Value::Null));
        assert_eq!(second["unreadCount"], 3);
        grace.get(&format!("{PATH}?limit=0")).await.assert_field("limit", "out_of_range");
        grace.get(&format!("{PATH}?cursor=x")).await.assert_field("cursor", "invalid_format");
        grace.get(&format!("{PATH}?unread=maybe")).await.assert_field("unread", "invalid_value");
    }

    async fn a_deleted_session_is_told_to_its_members(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().named("Fulbito").public().owned_by(&ada).create().await;
        room.join(&grace).await;
        ada.delete(&room.path("")).await.assert_status(204);
        let notification = &grace.notifications().await[0];
        assert_eq!(notification["type"], "session_deleted");
        let by = json!({"id": ada.id, "displayName": "ada"});
        assert_eq!(notification["data"], json!({"sessionId": room.id, "sessionName": "Fulbito", "by": by}));
        assert_eq!(ada.notifications().await, Vec::<Value>::new());
    }

    async fn fifty_cost_no_more_queries_than_five(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let mut costs = Vec::new();
        for (more, total) in [(5, 5), (45, 50)] {
            for _ in 0..more {
                app.session().owned_by(&ada).create().await.invite(&ada, &grace, "member").await;
            }
            let mut cheapest = u64::MAX;
            // Now and then a request also asks whether the login is still in force. An answer that is kept costs nothing.
            for limit in 98..=100 {
                let answer = grace.get(&format!("{PATH}?limit={limit}")).await;
                cheapest = cheapest.min(answer.queries());
                assert_eq!(answer.told(200)["items"].as_array().unwrap().len(), total);
            }
            costs.push(cheapest);
        }
        assert!(costs[0] > 0 && costs[0] == costs[1], "queries of 5 and of 50: {costs:?}");
    }
}
