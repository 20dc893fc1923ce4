//! Connections, from either end.

use rondo_testkit::{Person, TestApp, on_each_database};
use serde_json::{Value, json};

use super::ask::{PAGE, ask_as, assert_field, told};

/// A list, and where it stands.
struct List<'a> {
    field: &'a str,
    item: &'a str,
    session: Option<&'a str>,
}

impl List<'_> {
    async fn page(&self, person: &Person, arguments: &str) -> Value {
        let Self { field, item, session } = self;
        let list = format!("{field}({arguments}) {{ edges {{ cursor node {{ {item} }} }} {PAGE} }}");
        match session {
            None => told(&ask_as(person, &format!("{{ {list} }}"), json!({})).await, field),
            Some(id) => {
                let document = format!("query Q($id: ID!) {{ session(id: $id) {{ {list} }} }}");
                told(&ask_as(person, &document, json!({"id": id})).await, "session")[field].clone()
            }
        }
    }

    /// Every item, page by page from one end, in the order of the list.
    async fn whole(&self, person: &Person, backward: bool) -> Vec<Value> {
        let (size, place, more, cursor) = if backward {
            ("last", "before", "hasPreviousPage", "startCursor")
        } else {
            ("first", "after", "hasNextPage", "endCursor")
        };
        let (mut items, mut on) = (Vec::new(), String::new());
        for round in 0.. {
            let page = self.page(person, &format!("{size}: 2{on}")).await;
            let info = &page["pageInfo"];
            let edges = page["edges"].as_array().unwrap();
            let other = if backward { "hasNextPage" } else { "hasPreviousPage" };
            assert_eq!(info[other], round > 0, "{page}");
            assert_eq!(info["startCursor"], edges.first().map_or(Value::Null, |edge| edge["cursor"].clone()));
            assert_eq!(info["endCursor"], edges.last().map_or(Value::Null, |edge| edge["cursor"].clone()));
            let found = edges.iter().map(|edge| edge["node"].clone());
            if backward {
                items.splice(0..0, found).for_each(drop);
            } else {
                items.extend(found);
            }
            if info[more] != true {
                return items;
            }
            on = format!(", {place}: {}", info[cursor]);
        }
        unreachable!("the count has no end")
    }
}

on_each_database! {
    async fn a_list_is_the_same_from_either_end(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().named("the first").owned_by(&ada).create().await;
        for n in 0..5 {
            let other = app.session().public().named(&format!("room {n}")).owned_by(&ada).create().await;
            other.invite(&ada, &grace, "viewer").await;
            let guest = app.user(&format!("guest {n}")).await;
            room.invite(&ada, &guest, "viewer").await;
            room.admit(&ada, &app.user("somebody").await, "viewer").await;
            room.post(&ada, &format!("message {n}")).await;
        }
        let root = |field, item| List { field, item, session: None };
        let hung = |field, item| List { field, item, session: Some(&room.id) };
        for (list, person, count) in [
            (root("sessions", "id"), &ada, 6),
            (root("publicSessions", "id"), &grace, 5),
            (root("users", "id"), &ada, 12),
            (root("invitations", "id"), &grace, 5),
            (root("notifications", "id"), &grace, 5),
            (hung("members", "user { id }"), &ada, 6),
            (hung("messages", "id"), &ada, 5),
            (hung("invitations", "id"), &ada, 10),
        ] {
            let (forward, backward) = (list.whole(person, false).await, list.whole(person, true).await);
            assert_eq!(forward.len(), count, "{}", list.field);
            assert_eq!(forward, backward, "{}", list.field);
        }
    }

    async fn what_makes_no_sense_names_its_argument(app: TestApp) {
        let ada = app.user("ada").await;
        for (arguments, field, reason) in [
            ("first: 0", "first", "out_of_range"),
            ("first: 101", "first", "out_of_range"),
            ("last: -1", "last", "out_of_range"),
            ("first: 1, last: 1", "last", "conflict"),
            ("after: \"nonsense\"", "after", "invalid_format"),
            ("before: \"\"", "before", "invalid_format"),
        ] {
            let answer = ask_as(&ada, &format!("{{ sessions({arguments}) {{ nodes {{ id }} }} }}"), json!({})).await;
            answer.assert_status(200);
            assert_field(&answer, field, reason);
        }
    }

    async fn the_log_is_read_from_a_position_on(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().owned_by(&ada).create().await;
        let message = room.post(&ada, "hello").await;
        ada.patch(&room.path("")).json(json!({"name": "Another"})).await.assert_status(200);
        room.admit(&ada, &app.user("grace").await, "viewer").await;
        ada.delete(&room.message_path(&message)).await.assert_status(204);
        let document = "query Q($id: ID!, $after: Int) { session(id: $id) { events(after: $after, first: 2) { \
                            nodes { type position data message { id content } session { name } \
                                    membership { role } invitation { status } removedUserId } \
                            edges { cursor } pageInfo { hasNextPage hasPreviousPage } position recovered more } } }";
        let page = async |after: i64| {
            told(&ask_as(&ada, document, json!({"id": room.id, "after": after})).await, "session")["events"].clone()
        };

        let first = page(0).await;
        let kinds: Vec<_> = first["nodes"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["message:create", "session:update"]);
        assert_eq!(first["nodes"][0]["message"], json!({"id": message["id"], "content": null}), "it was deleted since");
        assert_eq!(first["nodes"][0]["data"]["id"], message["id"]);
        assert_eq!(first["nodes"][1]["session"]["name"], "Another");
        assert_eq!((&first["position"], &first["recovered"], &first["more"]), (&json!(2), &json!(true), &json!(true)));
        assert_eq!(first["pageInfo"], json!({"hasNextPage": true, "hasPreviousPage": false}));
        let second = page(2).await;
        assert_eq!(second["nodes"][0]["invitation"]["status"], "ACCEPTED");
        assert_eq!(second["nodes"][0]["membership"]["role"], "VIEWER");
        assert_eq!((&second["position"], &second["more"]), (&json!(4), &json!(false)));
        let beyond = page(99).await;
        assert_eq!((&beyond["recovered"], &beyond["position"]), (&json!(false), &json!(4)));
    }
}
