//! `GET /api/users`

use rondo_testkit::{
    Person, TestApp, on_each_database, percent,
    shape::{assert_fields, assert_user},
};

async fn found(by: &Person, query: &str) -> Vec<String> {
    let page = by.get(&format!("/api/users?query={}", percent(query))).await.told(200);
    assert_fields(&page, &["items", "nextCursor"]);
    let items = page["items"].as_array().unwrap();
    items.iter().for_each(assert_user); // without an e-mail
    items.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

on_each_database! {
    async fn people_are_found_by_name_or_by_their_whole_address(app: TestApp) {
        let (ada, grace) = (app.user("Ada Lovelace").await, app.user("Grace Hopper").await);
        for query in ["grace", "GRACE H", &grace.email, &grace.email.to_uppercase()] {
            assert_eq!(found(&ada, query).await, std::slice::from_ref(&grace.id), "{query}");
        }
        let (name, domain) = grace.email.split_once('@').unwrap();
        for query in [&name[name.len() - 12..], domain, "example", "%", "_race", "nobody at all"] {
            assert_eq!(found(&ada, query).await, Vec::<String>::new(), "{query}");
        }
    }
}
