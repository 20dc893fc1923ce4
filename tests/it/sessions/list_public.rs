//! `GET /api/sessions/public`

use std::time::Duration;

use rondo_testkit::{Person, TestApp, on_each_database, percent, shape::assert_session};
use serde_json::Value;

const PATH: &str = "/api/sessions/public";

async fn found(person: &Person, query: &str) -> Vec<String> {
    let page = person.get(&format!("{PATH}?query={}", percent(query))).await.told(200);
    let name = |session: &Value| session["name"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(name).collect()
}

async fn open(app: &TestApp, owner: &Person, names: &[&str]) {
    for name in names {
        app.session().named(name).public().owned_by(owner).create().await;
        app.clock.advance(Duration::from_millis(1));
    }
}

on_each_database! {
    async fn anybody_finds_public_sessions_and_no_private_ones(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        app.session().named("private").owned_by(&ada).create().await;
        open(&app, &ada, &["older", "newer"]).await;

        let page = eve.get(PATH).await.told(200);

        let sessions = page["items"].as_array().unwrap();
        sessions.iter().for_each(assert_session);
        assert_eq!(sessions.iter().map(|session| &session["name"]).collect::<Vec<_>>(), ["newer", "older"]);
        assert!(sessions.iter().all(|session| session["role"] == Value::Null && session["unreadCount"] == 0));
        assert_eq!(ada.get(PATH).await.told(200)["items"][0]["role"], "owner");
    }

    async fn a_part_of_the_name_is_found_whatever_its_case(app: TestApp) {
        let ada = app.user("ada").await;
        open(&app, &ada, &["ÑANDÚ del sur", "Café con ángel", "Straße", "Fulbito"]).await;

        for (query, name) in [
            ("ñandú", "ÑANDÚ del sur"),
            ("ÑANDÚ", "ÑANDÚ del sur"),
            ("NDÚ d", "ÑANDÚ del sur"),
            ("ÁNGEL", "Café con ángel"),
            ("FÉ CON", "Café con ángel"),
            ("straße", "Straße"),
            ("  fulb ", "Fulbito"),
        ] {
            assert_eq!(found(&ada, query).await, [name], "{query}");
        }
        assert_eq!(found(&ada, "nandu").await, [""; 0], "another letter is another name");
        assert_eq!(found(&ada, "  ").await.len(), 4, "nothing to look for finds all");
    }

    async fn what_a_pattern_would_read_is_taken_as_it_stands(app: TestApp) {
        let ada = app.user("ada").await;
        open(&app, &ada, &["100% fútbol", "100 por fútbol", "a_b", "axb", r"back\slash", "quo'te"]).await;

        assert_eq!(found(&ada, "0%").await, ["100% fútbol"]);
        assert_eq!(found(&ada, "%").await, ["100% fútbol"]);
        assert_eq!(found(&ada, "a_b").await, ["a_b"]);
        assert_eq!(found(&ada, "_").await, ["a_b"]);
        assert_eq!(found(&ada, r"\").await, [r"back\slash"]);
        assert_eq!(found(&ada, "'").await, ["quo'te"]);
        assert_eq!(found(&ada, "*").await, [""; 0]);
    }

    async fn pages_keep_to_what_was_looked_for(app: TestApp) {
        let ada = app.user("ada").await;
        open(&app, &ada, &["tango 1", "other", "tango 2", "tango 3", "tango 4"]).await;

        let first = ada.get(&format!("{PATH}?query=tango&limit=3")).await.told(200);
        let cursor = percent(first["nextCursor"].as_str().unwrap());
        let second = ada.get(&format!("{PATH}?query=tango&limit=3&cursor={cursor}")).await.told(200);

        assert_eq!(first["items"].as_array().unwrap().len(), 3);
        assert_eq!(second["items"][0]["name"], "tango 1");
        assert_eq!((second["items"].as_array().unwrap().len(), &second["nextCursor"]), (1, &Value::Null));
    }

    async fn a_bad_parameter_is_refused(app: TestApp) {
        let ada = app.user("ada").await;
        ada.get(&format!("{PATH}?limit=0")).await.assert_field("limit", "out_of_range");
        ada.get(&format!("{PATH}?limit=101")).await.assert_field("limit", "out_of_range");
        ada.get(&format!("{PATH}?cursor=abc")).await.assert_field("cursor", "invalid_format");
        ada.get(&format!("{PATH}?query=a%00b")).await.assert_field("query", "nul_character");
    }
}
