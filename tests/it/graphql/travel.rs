//! How GraphQL travels over HTTP.

use reqwest::Method;
use rondo_testkit::{Backend, TestApp, decoded, on_each_database, percent};
use serde_json::{Value, json};

use super::ask::{MEDIA, ask, ask_as, assert_refused, told};

on_each_database! {
    async fn signing_up_and_in_is_as_over_rest(app: TestApp) {
        let register = "mutation M($input: RegisterInput!) { register(input: $input) { \
                            accessToken tokenType expiresIn refreshToken user { id displayName email } } }";
        let input = json!({"email": "Ada@example.org", "password": "correct horse battery", "displayName": "Ada"});
        let answer = ask(&app, register, json!({"input": input})).await;
        let tokens = told(&answer, "register");
        assert_eq!((&tokens["tokenType"], &tokens["refreshToken"]), (&json!("Bearer"), &Value::Null));
        assert_eq!(tokens["user"]["email"], "ada@example.org");
        let (cookie, attributes) = answer.refresh_cookie().unwrap();
        assert!(attributes.contains(&"httponly".to_owned()), "{attributes:?}");
        app.post("/api/auth/refresh").cookie(&cookie).await.assert_status(200);
        assert_refused(&ask(&app, register, json!({"input": input})).await, "conflict");

        let login = "mutation M($input: LoginInput!) { login(input: $input) { accessToken refreshToken } }";
        let input = json!({"email": "ada@example.org", "password": "correct horse battery", "includeRefreshToken": true});
        let answer = ask(&app, login, json!({"input": input})).bearer("of no use any more").await;
        let tokens = told(&answer, "login");
        let refresh = json!({"refreshToken": tokens["refreshToken"]});
        app.post("/api/auth/refresh").json(refresh).await.assert_status(200);
        assert_eq!(decoded(tokens["accessToken"].as_str().unwrap())["sub"], told(
            &ask(&app, "{ me { id } }", json!({})).bearer(tokens["accessToken"].as_str().unwrap()).await, "me")["id"]);
        let wrong = json!({"email": "ada@example.org", "password": "something else"});
        assert_refused(&ask(&app, login, json!({"input": wrong})).await, "invalid_credentials");
    }

    async fn a_token_that_ran_out_or_was_cut_is_told_apart(app: TestApp) {
        let ada = app.user("ada").await;
        assert_refused(&ask(&app, "{ me { id } }", json!({})).await, "unauthenticated");
        assert_refused(&ask(&app, "{ me { id } }", json!({})).bearer("nonsense").await, "unauthenticated");
        let other = ada.login().await;
        ada.with_token(&other.access).post("/api/auth/logout").await.assert_status(204);
        assert_refused(&ask_as(&ada.with_token(&other.access), "{ me { id } }", json!({})).await, "unauthenticated");
        app.clock.advance(std::time::Duration::from_mins(16));
        assert_refused(&ask_as(&ada, "{ me { id } }", json!({})).await, "token_expired");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_may_be_got_and_mutations_may_not() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let variables = percent(&json!({"n": 1}).to_string());
    let query = percent("query Q($n: Int) { sessions(first: $n) { nodes { id } } }");
    let answer = ada.get(&format!("/graphql?query={query}&variables={variables}&operationName=Q")).await;
    assert_eq!(told(&answer, "sessions"), json!({"nodes": []}));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let unnamed = json!({"query": "{ __typename }", "operationName": ""});
    assert_eq!(told(&ada.get("/graphql?query=%7B__typename%7D&operationName=").await, "__typename"), "Query");
    assert_eq!(told(&ada.post("/graphql").json(unnamed).await, "__typename"), "Query");

    let mutation = percent("mutation { createSession(input: {name: \"A room\"}) { id } }");
    for accept in ["application/json", MEDIA] {
        let answer = ada.get(&format!("/graphql?query={mutation}")).header("accept", accept).await;
        answer.assert_status(405);
        assert_eq!(answer.header("allow"), Some("POST"));
        assert_refused(&answer, "method_not_allowed");
    }
    assert!(ada.get("/api/sessions").await.told(200)["items"].as_array().unwrap().is_empty());
    for (query, code) in [
        ("", "validation_failed"),
        ("query=%7B&query=%7B", "validation_failed"),
        ("query=%7Bme%7D&variables=x", "validation_failed"),
    ] {
        let answer = ada.get(&format!("/graphql?{query}")).await;
        answer.assert_status(400);
        assert_refused(&answer, code);
    }
    ada.request(Method::PUT, "/graphql")
        .json(json!({"query": "{ me { id } }"}))
        .await
        .assert_problem(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_site_cannot_ask_without_leave() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let got = "/graphql?query=%7B__typename%7D";
    for (mark, value) in
        [("origin", "http://localhost:3000"), ("sec-fetch-site", "cross-site"), ("cookie", "rondo_refresh=x")]
    {
        let answer = ada.get(got).header(mark, value).await;
        answer.assert_status(400);
        assert_refused(&answer, "bad_request");
        told(&ada.get(got).header(mark, value).header("apollo-require-preflight", "true").await, "__typename");
        told(&ada.get(got).header(mark, value).header("x-apollo-operation-name", "Q").await, "__typename");
    }
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let answer = ada.post("/graphql").body(media_type, json!({"query": "{ __typename }"}).to_string()).await;
        answer.assert_status(415);
        assert_refused(&answer, "unsupported_media_type");
    }
    let preflight = app
        .request(Method::OPTIONS, "/graphql")
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,authorization,idempotency-key,apollo-require-preflight,x-apollo-operation-name",
        )
        .await;
    preflight.assert_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_tells_what_the_client_wants_it_to_tell() {
    let app = TestApp::start(Backend::Sqlite).await;
    for (body, json_status, graphql_status, code) in [
        (json!({"query": "{"}), 200, 400, "bad_request"),
        (json!({"query": "{ nonsense }"}), 200, 400, "validation_failed"),
        (json!({"query": "query A { __typename } query B { __typename }"}), 200, 400, "validation_failed"),
        (json!({"query": "{ me { id } }"}), 200, 200, "unauthenticated"),
        (json!({"query": "subscription { anything }"}), 200, 400, "validation_failed"),
        (json!({"query": 7}), 400, 400, "validation_failed"),
        (json!({"query": "{ __typename }", "variables": "x"}), 400, 400, "validation_failed"),
        (json!({"nothing": true}), 400, 400, "validation_failed"),
        (json!([]), 400, 400, "bad_request"),
    ] {
        for (accept, status) in [("application/json", json_status), (MEDIA, graphql_status)] {
            let answer = app.post("/graphql").header("accept", accept).json(body.clone()).await;
            answer.assert_status(status);
            assert_refused(&answer, code);
            assert_eq!(answer.header("content-type"), Some(&*format!("{accept}; charset=utf-8")));
            assert_eq!(answer.body.get("data").is_some(), code == "unauthenticated", "{}", answer.body);
        }
    }
    let answer = app.post("/graphql").body("application/json", "{\"query\":").await;
    answer.assert_status(400);
    assert_refused(&answer, "malformed_json");
    let answer = app.post("/graphql").json(json!({"query": format!("# {}", "x".repeat(300_000))})).await;
    answer.assert_status(413);
    assert_refused(&answer, "payload_too_large");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_answered_in_its_order() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ada = app.user("ada").await;
    let batch = json!([
        {"query": "mutation { createSession(input: {name: \"A room\"}) { name } }"},
        {"query": "{ nonsense }"},
        {"query": "{ sessions { nodes { name } } }"},
    ]);
    let answer = ada.post("/graphql").header("accept", MEDIA).json(batch).await.told(200);
    assert_eq!(answer[0]["data"]["createSession"]["name"], "A room");
    assert_eq!(answer[1]["errors"][0]["extensions"]["code"], "validation_failed");
    assert_eq!(answer[2]["data"]["sessions"]["nodes"], json!([{"name": "A room"}]));

    let eleven = Value::Array(vec![json!({"query": "{ __typename }"}); 11]);
    let answer = ada.post("/graphql").header("accept", MEDIA).json(eleven).await;
    answer.assert_status(400);
    assert_refused(&answer, "query_too_complex");
    let costly = "{ sessions(first: 100) { nodes { messages(first: 20) { nodes { id seq } } } } }";
    let answer =
        ada.post("/graphql").header("accept", MEDIA).json(Value::Array(vec![json!({"query": costly}); 10])).await;
    answer.assert_status(400);
    assert_refused(&answer, "query_too_complex");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_sent_once_and_then_named_by_its_hash() {
    const HASH: &str = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";
    let app = TestApp::start(Backend::Sqlite).await;
    let named = |hash: &str| json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    let send = |body: Value| app.post("/graphql").header("accept", MEDIA).json(body);

    let answer = send(named(HASH)).await;
    assert_refused(&answer, "persisted_query_not_found");
    assert_eq!(answer.body["errors"][0]["message"], "PersistedQueryNotFound", "the word by which clients know it");
    let mut whole = named(HASH);
    whole["query"] = "{__typename}".into();
    told(&send(whole.clone()).await, "__typename");
    told(&send(named(HASH)).await, "__typename");
    let extensions = percent(&named(HASH)["extensions"].to_string());
    told(&app.get(&format!("/graphql?extensions={extensions}")).await, "__typename");

    whole["query"] = "{ __typename }".into();
    assert_refused(&send(whole).await, "bad_request");
    for odd in [json!({"version": 2, "sha256Hash": HASH}), json!({"version": 1, "sha256Hash": "x"}), json!(7)] {
        assert_refused(&send(json!({"extensions": {"persistedQuery": odd}})).await, "bad_request");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_get_a_page_and_programs_the_schema_unless_the_documents_are_off() {
    let app = TestApp::start(Backend::Sqlite).await;
    let page = app.get("/graphql").header("accept", "text/html,application/xhtml+xml,*/*;q=0.8").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && policy.starts_with("default-src 'none'"), "{policy}");
    let html = page.told(200);
    for file in html.as_str().unwrap().split('"').filter(|text| text.starts_with("/graphql/assets/")) {
        app.get(file).await.assert_status(200);
    }
    assert!(!html.as_str().unwrap().contains("http"), "nothing comes from elsewhere");
    app.get("/graphql/assets/nothing.js").await.assert_status(404);
    let schema = app.get("/api/schema.graphql").await.told(200);
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema.graphql");
    assert_eq!(schema.as_str().unwrap().trim_end(), std::fs::read_to_string(committed).unwrap().trim_end());

    let quiet = TestApp::with(Backend::Sqlite, &[("DOCS", "off")]).await;
    let answer = quiet.get("/graphql").header("accept", "text/html").await;
    answer.assert_status(400);
    quiet.get("/api/schema.graphql").await.assert_status(404);
    quiet.get("/graphql/assets/page.js").await.assert_status(404);
    for query in [
        "{ __schema { types { name } } }",
        "{ me { id } kind: __type(name: \"Session\") { name } }",
        "{ ...I } fragment I on Query { ... { __schema { types { name } } } }",
    ] {
        let introspection = ask(&quiet, query, json!({})).await;
        introspection.assert_status(400);
        assert_refused(&introspection, "validation_failed");
        assert!(
            introspection.body["errors"][0]["message"].as_str().unwrap().contains("DOCS"),
            "{}",
            introspection.body
        );
    }
    let slip = ask(&quiet, "{ sesions { nodes { id } } }", json!({})).await;
    assert_refused(&slip, "validation_failed");
    assert!(!slip.body.to_string().contains("sessions"), "no suggestion either: {}", slip.body);
    told(&ask(&quiet, "{ __typename }", json!({})).await, "__typename");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_count_as_over_rest_and_are_told() {
    let limits = [("RATE_LIMIT", "on"), ("RATE_LIMIT_LOGIN_ACCOUNT", "2/15m"), ("RATE_LIMIT_SESSIONS", "2/1h")];
    let app = TestApp::with(Backend::Sqlite, &limits).await;
    let ada = app.user("ada").await;
    let login = "mutation M($input: LoginInput!) { login(input: $input) { accessToken } }";
    let guess = |password: &str| ask(&app, login, json!({"input": {"email": ada.email, "password": password}}));
    assert_refused(&guess("some other password").await, "invalid_credentials");
    let body = json!({"email": ada.email, "password": "another one still"});
    app.post("/api/auth/login").json(body).await.assert_problem(401, "invalid_credentials");
    let answer = guess(&ada.password).await;
    assert_refused(&answer, "rate_limited");
    assert_eq!(answer.body["errors"][0]["extensions"]["retryAfterMs"], 450_000);
    assert_eq!(answer.header("retry-after"), Some("450"));
    assert!(answer.header("ratelimit").unwrap().ends_with(r#""logins-by-account";r=0;t=450"#));

    let create = "mutation { a: createSession(input: {name: \"a\"}) { id } b: createSession(input: {name: \"b\"}) { id } \
                  c: createSession(input: {name: \"c\"}) { id } }";
    let answer = ask_as(&ada, create, json!({})).await;
    assert_refused(&answer, "rate_limited");
    let told = answer.header("ratelimit").unwrap();
    assert_eq!(told.matches("new-sessions").count(), 1, "{told}");
    assert!(told.contains(r#""new-sessions";r=0;"#), "{told}");
    assert_eq!(answer.header("ratelimit-policy").unwrap().matches("new-sessions").count(), 1);
    assert_eq!(
        ada.get("/api/sessions").await.told(200)["items"].as_array().unwrap().len(),
        2,
        "an alias is no way around"
    );
}
