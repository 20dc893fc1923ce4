//! What is counted on which way in, and how answers tell of it.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{http::Method, test::TestRequest};
use async_trait::async_trait;
use rondo_domain::{
    Clock as _, Timestamp,
    clock::SystemClock,
    limits::{Allowance, Allowances, Key, Limits, Rule, Unlimited, Verdict},
};
use serde_json::json;

use super::RULES;
use crate::{
    openapi,
    state::HttpSettings,
    testing::{limited_stage, post, request, settings, signed_in},
};

/// Counts as the port promises, without bounds, and by a clock that is moved by hand.
struct Ledger {
    allowances: Allowances,
    counts: Mutex<HashMap<(Rule, String), u64>>,
    now: Mutex<Timestamp>,
}

impl Ledger {
    fn of(allowances: &[(Rule, u32, u64)]) -> Arc<Self> {
        let allowances = allowances.iter().map(|(rule, limit, seconds)| {
            (*rule, Allowance::new(NonZeroU32::new(*limit).unwrap(), Duration::from_secs(*seconds)))
        });
        let now = Mutex::new(SystemClock.now());
        Arc::new(Self { allowances: allowances.collect(), counts: Mutex::default(), now })
    }

    fn advance(&self, by: Duration) {
        *self.now.lock().unwrap() += by;
    }
}

#[async_trait]
impl Limits for Ledger {
    fn keeps(&self, rule: Rule) -> bool {
        self.allowances.of(rule).is_some()
    }

    async fn take(&self, rule: Rule, key: Key<'_>) -> Verdict {
        let Some(allowance) = self.allowances.of(rule) else { return Ok(None) };
        let mut counts = self.counts.lock().unwrap();
        allowance.take(rule, counts.entry((rule, format!("{key:?}"))).or_default(), *self.now.lock().unwrap())
    }
}

/// A request from an address.
fn from(address: &str, request: TestRequest) -> TestRequest {
    request.peer_addr(format!("{address}:5000").parse().unwrap())
}

fn login(address: &str, email: &str) -> TestRequest {
    from(address, post("/api/auth/login", &json!({"email": email, "password": "wrong"})))
}

#[actix_web::test]
async fn too_many_requests_are_a_problem_that_says_when_to_come_back() {
    let ledger = Ledger::of(&[(Rule::Door, 2, 20)]);
    let stage = limited_stage(&settings(), ledger.clone()).await;
    let ask = || stage.call(from("192.0.2.1", request(&Method::GET, "/api/nothing")));
    for left in [r#""requests";r=1;t=10"#, r#""requests";r=0;t=20"#] {
        let answer = ask().await;
        answer.assert_problem(404, "not_found");
        assert_eq!(answer.header("ratelimit-policy"), r#""requests";q=2;w=20"#);
        assert_eq!(answer.header("ratelimit"), left);
        assert_eq!(answer.header("retry-after"), "");
    }
    let answer = ask().await;
    answer.assert_problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "10");
    assert_eq!(answer.header("ratelimit-policy"), r#""requests";q=2;w=20"#);
    assert_eq!(answer.header("ratelimit"), r#""requests";r=0;t=10"#);
    assert!(answer.json()["detail"].as_str().unwrap().ends_with("Try again in 10 s."), "{}", answer.json());

    let neighbour = stage.call(from("192.0.2.2", request(&Method::GET, "/api/nothing"))).await;
    neighbour.assert_problem(404, "not_found");
    ledger.advance(Duration::from_secs(10));
    ask().await.assert_problem(404, "not_found");
    ask().await.assert_problem(429, "rate_limited");
}

#[actix_web::test]
async fn a_refusal_can_be_read_by_the_pages_that_may_call() {
    let stage = limited_stage(&settings(), Ledger::of(&[(Rule::Door, 1, 60)])).await;
    let page = || request(&Method::GET, "/api/nothing").insert_header(("origin", "http://localhost:5173"));
    stage.call(page()).await;
    let answer = stage.call(page()).await;
    answer.assert_problem(429, "rate_limited");
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:5173");
    let exposed = answer.header("access-control-expose-headers").to_ascii_lowercase();
    for name in ["ratelimit", "ratelimit-policy", "retry-after"] {
        assert!(exposed.split(',').any(|exposed| exposed.trim() == name), "{name}: {exposed}");
    }
}

#[actix_web::test]
async fn whoever_watches_over_the_server_is_not_counted() {
    let stage = limited_stage(&settings(), Ledger::of(&[(Rule::Door, 1, 60)])).await;
    for path in ["/health", "/health/live", "/health/ready", "/metrics"].repeat(3) {
        let answer = stage.call(request(&Method::GET, path)).await;
        assert_ne!(answer.status, 429, "{path}");
        assert_eq!(answer.header("ratelimit"), "");
    }
    stage.call(request(&Method::GET, "/healthy")).await.assert_problem(404, "not_found");
    stage.call(request(&Method::GET, "/healthy")).await.assert_problem(429, "rate_limited");
}

#[actix_web::test]
async fn without_limits_nothing_is_counted_and_nothing_told() {
    let stage = limited_stage(&settings(), Arc::new(Unlimited)).await;
    for _ in 0..500 {
        let answer = stage.call(login("192.0.2.1", "ada@example.org")).await;
        answer.assert_problem(401, "invalid_credentials");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("ratelimit")));
    }
}

#[actix_web::test]
async fn attempts_to_sign_in_count_per_address_and_per_account() {
    let ledger = Ledger::of(&[(Rule::LoginByAddress, 3, 60), (Rule::LoginByAccount, 2, 900)]);
    let stage = limited_stage(&settings(), ledger).await;
    let answer = stage.call(login("192.0.2.1", "ada@example.org")).await;
    answer.assert_problem(401, "invalid_credentials");
    assert_eq!(answer.header("ratelimit-policy"), r#""logins-by-address";q=3;w=60, "logins-by-account";q=2;w=900"#);
    assert_eq!(answer.header("ratelimit"), r#""logins-by-address";r=2;t=20, "logins-by-account";r=1;t=450"#);

    // The same account from elsewhere, written otherwise.
    stage.call(login("192.0.2.2", " ADA@Example.org ")).await.assert_problem(401, "invalid_credentials");
    let answer = stage.call(login("192.0.2.3", "ada@example.org")).await;
    answer.assert_problem(429, "rate_limited");
    assert_eq!(answer.header("ratelimit"), r#""logins-by-address";r=2;t=20, "logins-by-account";r=0;t=450"#);

    // Many accounts from one address; what is no e-mail counts too.
    stage.call(login("192.0.2.1", "grace@example.org")).await.assert_problem(401, "invalid_credentials");
    stage.call(login("192.0.2.1", "nobody")).await.assert_problem(401, "invalid_credentials");
    stage.call(login("192.0.2.1", "alan@example.org")).await.assert_problem(429, "rate_limited");
}

#[actix_web::test]
async fn a_path_that_is_written_otherwise_counts_the_same() {
    let stage = limited_stage(&settings(), Ledger::of(&[(Rule::LoginByAddress, 1, 60)])).await;
    let body = json!({"email": "ada@example.org", "password": "wrong"});
    stage.call(post("/api/auth/login", &body)).await.assert_problem(401, "invalid_credentials");
    for path in ["/api/auth/login?x=1", "/api/auth/logi%6E", "/api/%61uth/login"] {
        let answer = stage.call(post(path, &body)).await;
        assert!([404, 429].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
    }
}

#[actix_web::test]
async fn changes_count_per_account_before_anything_is_read_and_reads_do_not() {
    let ledger = Ledger::of(&[(Rule::NewSession, 1, 60), (Rule::Write, 1, 60), (Rule::Search, 1, 60)]);
    let stage = limited_stage(&settings(), ledger).await;
    let create = || signed_in(&Method::POST, "/api/sessions").set_json(json!({"name": "Fulbito"}));
    let answer = stage.call(create()).await;
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit")), (201, r#""new-sessions";r=0;t=60"#));
    stage.call(create()).await.assert_problem(429, "rate_limited");
    stage.call(signed_in(&Method::POST, "/api/sessions").set_payload("{")).await.assert_problem(429, "rate_limited");
    let nobody = stage.call(request(&Method::POST, "/api/sessions")).await;
    nobody.assert_problem(401, "unauthenticated");
    assert_eq!(nobody.header("ratelimit"), "");

    let change = || signed_in(&Method::PATCH, "/api/users/me").set_json(json!({}));
    assert_eq!(stage.call(change()).await.status, 200);
    stage.call(change()).await.assert_problem(429, "rate_limited");
    stage.call(signed_in(&Method::DELETE, "/api/sessions/{id}")).await.assert_problem(429, "rate_limited");

    let search = |method| signed_in(&method, "/api/users?query=ada");
    assert_eq!(stage.call(search(Method::HEAD)).await.status, 200);
    stage.call(search(Method::GET)).await.assert_problem(429, "rate_limited");
    for _ in 0..5 {
        let answer = stage.call(signed_in(&Method::GET, "/api/sessions")).await;
        assert_eq!((answer.status.as_u16(), answer.header("ratelimit")), (200, ""));
    }
}

#[actix_web::test]
async fn a_proxy_is_believed_only_where_it_is_trusted() {
    let forwarded = |client: &str| {
        from("10.0.0.1", request(&Method::GET, "/api/nothing")).insert_header(("x-forwarded-for", client.to_owned()))
    };
    let ledger = || Ledger::of(&[(Rule::Door, 1, 60)]);
    let stage_without = limited_stage(&settings(), ledger()).await;
    stage_without.call(forwarded("192.0.2.1")).await.assert_problem(404, "not_found");
    stage_without.call(forwarded("192.0.2.2")).await.assert_problem(429, "rate_limited");

    let trusting = HttpSettings { trusted_proxies: "10.0.0.0/8".parse().unwrap(), ..settings() };
    let stage = limited_stage(&trusting, ledger()).await;
    stage.call(forwarded("192.0.2.1")).await.assert_problem(404, "not_found");
    stage.call(forwarded("192.0.2.2")).await.assert_problem(404, "not_found");
    stage.call(forwarded("192.0.2.9, 192.0.2.1")).await.assert_problem(429, "rate_limited");
}

#[test]
fn every_rule_in_the_table_is_of_an_operation_that_exists() {
    let document = serde_json::to_value(openapi()).unwrap();
    for (method, path, _) in RULES {
        let item = &document["paths"][*path];
        assert!(item[method.as_str().to_ascii_lowercase()].is_object(), "{method} {path}");
    }
}
