//! What a page costs the database, however much hangs on it.

use rondo_testkit::{TestApp, on_each_database};
use serde_json::json;

use super::ask::{ask_as, told};

const PAGE: &str = "query Page($first: Int!) { sessions(first: $first) { nodes { name unreadCount \
                        members(first: 5) { nodes { role user { displayName } } totalCount } \
                        messages(first: 3) { nodes { content author { displayName } } totalCount } \
                        presence(first: 3) { nodes { user { displayName } } presenceCount } } } }";

on_each_database! {
    async fn a_page_of_fifty_costs_as_many_queries_as_one_of_two(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        for n in 0..50_usize {
            let room = app.session().public().named(&format!("room {n}")).owned_by(&ada).create().await;
            if n.is_multiple_of(10) {
                room.join(&grace).await;
                for m in 0..4 {
                    room.post(&grace, &format!("message {m}")).await;
                }
            }
        }
        let mut costs = Vec::new();
        ada.get("/api/users/me").await.assert_status(200); // from now on her login is known to be in force
        for first in [2, 50] {
            let answer = ask_as(&ada, PAGE, json!({"first": first})).await;
            let page = told(&answer, "sessions");
            let nodes = page["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), first);
            costs.push(answer.queries());
            for node in nodes {
                let n: usize = node["name"].as_str().unwrap().strip_prefix("room ").unwrap().parse().unwrap();
                let (members, messages) = if n.is_multiple_of(10) { (2, 4) } else { (1, 0) };
                assert_eq!(node["members"]["nodes"].as_array().unwrap().len(), members, "{node}");
                assert_eq!(node["members"]["totalCount"], members);
                assert_eq!(node["messages"]["nodes"].as_array().unwrap().len(), messages.min(3), "{node}");
                assert_eq!(node["messages"]["totalCount"], messages);
            }
        }
        assert_eq!(costs[0], costs[1], "{costs:?}");
        assert!(costs[1] <= 6, "sessions, and rights with members, messages and presence: {costs:?}");
    }

    async fn aliases_of_one_list_are_told_apart(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        for n in 1..=5 {
            room.post(&ada, &format!("message {n}")).await;
        }
        let document = "query Q($id: ID!) { session(id: $id) { \
                            newest: messages(first: 2) { nodes { seq } } \
                            oldest: messages(last: 2) { nodes { seq } } \
                            one: messages(first: 1) { nodes { seq } } } }";
        let session = told(&ask_as(&ada, document, json!({"id": room.id})).await, "session");
        let expected = json!({
            "newest": {"nodes": [{"seq": 5}, {"seq": 4}]},
            "oldest": {"nodes": [{"seq": 2}, {"seq": 1}]},
            "one": {"nodes": [{"seq": 5}]},
        });
        assert_eq!(session, expected);
    }
}
