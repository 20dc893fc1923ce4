//! `GET /api/auth/logins` and `DELETE /api/auth/logins/{id}`

use std::time::Duration;

use rondo_testkit::{
    End, Person, TestApp, decoded, eventually, on_each_database, percent,
    shape::{assert_fields, assert_time},
};
use serde_json::{Value, json};

const PATH: &str = "/api/auth/logins";

async fn listed(person: &Person) -> Vec<Value> {
    let page = person.get(PATH).await.told(200);
    let items = page["items"].as_array().unwrap().clone();
    for login in &items {
        assert_fields(login, &["id", "userAgent", "address", "createdAt", "lastUsedAt", "current"]);
        assert_time(&login["createdAt"]);
        assert_time(&login["lastUsedAt"]);
    }
    items
}

fn sid(token: &str) -> Value {
    decoded(token)["sid"].clone()
}

on_each_database! {
    async fn each_login_is_listed_and_says_which_is_this_one(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        app.clock.advance(Duration::from_secs(1));
        let body = json!({"email": ada.email, "password": ada.password});
        let login = app.post("/api/auth/login").header("user-agent", "Tests/1.0").json(body).await.told(200);
        let second = ada.with_token(login["accessToken"].as_str().unwrap());

        let logins = listed(&second).await;

        let ids: Vec<_> = logins.iter().map(|login| login["id"].clone()).collect();
        assert_eq!(ids, [sid(second.token()), sid(ada.token())]);
        assert_eq!((&logins[0]["current"], &logins[1]["current"]), (&json!(true), &json!(false)));
        assert_eq!((&logins[0]["userAgent"], &logins[0]["address"]), (&json!("Tests/1.0"), &json!("127.0.0.1")));
        assert_eq!(listed(&eve).await.len(), 1);
    }

    async fn they_page_like_any_list(app: TestApp) {
        let ada = app.user("ada").await;
        for _ in 0..22 {
            ada.login().await;
        }

        let first = ada.get(PATH).await.told(200);
        assert_eq!(first["items"].as_array().unwrap().len(), 20);
        let cursor = percent(first["nextCursor"].as_str().unwrap());
        let rest = ada.get(&format!("{PATH}?limit=20&cursor={cursor}")).await.told(200);
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["nextCursor"]), (3, &Value::Null));
        assert_eq!((&rest["items"][2]["id"], &rest["items"][2]["current"]), (&sid(ada.token()), &json!(true)));
        let all = ada.get(&format!("{PATH}?limit=100")).await.told(200);
        assert_eq!(all["items"], json!([first["items"].as_array().unwrap(), rest["items"].as_array().unwrap()].map(Vec::as_slice).concat()));

        for (query, field, code) in
            [("limit=0", "limit", "out_of_range"), ("limit=101", "limit", "out_of_range"), ("cursor=zzz", "cursor", "invalid_format")]
        {
            ada.get(&format!("{PATH}?{query}")).await.assert_field(field, code);
        }
        ada.delete(&format!("{PATH}/{}", rest["items"][1]["id"].as_str().unwrap())).await.assert_status(204);
    }

    async fn a_login_that_is_cut_ends_with_its_sockets(app: TestApp) {
        let (ada, eve) = (app.user("ada").await, app.user("eve").await);
        let other = ada.login().await;
        let elsewhere = ada.with_token(&other.access);
        let socket = elsewhere.socket().await;
        let path = format!("{PATH}/{}", sid(&other.access).as_str().unwrap());

        eve.delete(&path).await.assert_problem(404, "not_found");
        elsewhere.get("/api/users/me").await.assert_status(200);
        ada.delete(&path).await.assert_status(204);

        assert_eq!(socket.until_closed().await.1, End::Disconnect);
        eventually("its end", Duration::from_secs(5), async || elsewhere.get(PATH).await.status == 401).await;
        let refreshed = app.post("/api/auth/refresh").json(json!({"refreshToken": other.refresh})).await;
        refreshed.assert_problem(401, "unauthenticated");
        assert_eq!(listed(&ada).await.len(), 1);
        ada.delete(&path).await.assert_problem(404, "not_found");
    }
}
