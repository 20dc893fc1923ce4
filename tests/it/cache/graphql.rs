//! Plain queries of GraphQL, which are kept like REST's lists.

use rondo_testkit::{Person, TestApp, on_each_database};
use serde_json::{Value, json};

const MINE: &str = "query Mine($first: Int) { sessions(first: $first) { nodes { id name role unreadCount } } }";

async fn ask(person: &Person, query: &str, variables: Value) -> Value {
    person.post("/graphql").json(json!({"query": query, "variables": variables})).await.told(200)
}

/// The person's sessions, which are kept from the second time on.
async fn sessions(person: &Person) -> Vec<Value> {
    let answer = ask(person, MINE, json!({"first": 5})).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"]["sessions"]["nodes"].as_array().unwrap().clone()
}

/// How many queries were answered with what is kept.
async fn hits(app: &TestApp) -> u64 {
    let page = app.get("/metrics").await;
    let text = page.body.as_str().unwrap();
    let hit = |line: &&str| {
        line.starts_with("rondo_answers_total{") && line.contains("\"graphql\"") && line.contains("\"hit\"")
    };
    text.lines().filter(hit).map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

on_each_database! {
    async fn a_plain_query_is_kept_and_ones_own_writes_show_at_once(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        assert_eq!(sessions(&ada).await.len(), 0);
        for name in ["first", "second", "third"] {
            app.session().named(name).owned_by(&ada).create().await;
            assert_eq!(sessions(&ada).await[0]["name"], name);
            assert_eq!(sessions(&ada).await[0]["name"], name);
            assert_eq!(sessions(&grace).await.len(), 0, "of somebody else");
        }
        assert!(hits(&app).await > 0);
        assert_eq!(ask(&ada, MINE, json!({"first": 2})).await["data"]["sessions"]["nodes"].as_array().unwrap().len(), 2);
        assert_eq!(sessions(&ada).await.len(), 3);
    }

    async fn rights_show_at_once_and_a_refusal_is_not_kept(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        for role in ["viewer", "moderator", "member"] {
            assert_eq!(sessions(&grace).await.len(), 1);
            room.change_role(&ada, &grace, role).await;
            assert_eq!(sessions(&grace).await[0]["role"], role.to_uppercase());
        }
        ada.delete(&room.member_path(&grace)).await.assert_status(204);
        assert_eq!(sessions(&grace).await.len(), 0);

        for _ in 0..3 {
            let refused = ask(&grace, MINE, json!({"first": 500})).await;
            assert_eq!(refused["errors"][0]["extensions"]["code"], "validation_failed", "{refused}");
        }
    }

    async fn what_is_not_plain_is_never_old(app: TestApp) {
        let (ada, grace) = (app.user("ada").await, app.user("grace").await);
        let room = app.session().public().owned_by(&ada).create().await;
        room.join(&grace).await;
        let query = "{ sessions { nodes { messages(first: 1) { nodes { content } } } } }";
        for content in ["one", "two", "three"] {
            room.post(&ada, content).await;
            let answer = ask(&grace, query, json!({})).await;
            assert_eq!(answer["data"]["sessions"]["nodes"][0]["messages"]["nodes"][0]["content"], content, "{answer}");
        }
    }
}
