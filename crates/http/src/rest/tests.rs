//! What holds for all operations alike, tried on the application over a store that forgets.

use std::sync::atomic::Ordering;

use actix_web::{
    http::{Method, header},
    test::TestRequest,
};
use rondo_domain::page::MessageKey;
use serde_json::json;
use utoipa::openapi::RefOr;

use super::operations;
use crate::{
    openapi::{openapi, operations as documented},
    state::{AllowedOrigins, HttpSettings},
    testing::{Answer, EXPIRED_TOKEN, request, settings, signed_in, stage},
};

/// Every documented operation, and whether it is for signed-in people alone.
fn every_operation() -> Vec<(Method, String, bool)> {
    let mut document = openapi();
    let operations = documented(&mut document).map(|(path, method, operation)| {
        let secured = operation.security.as_ref().is_some_and(|ways| ways.len() == 1);
        (super::served(&method).unwrap(), path.to_owned(), secured)
    });
    operations.collect()
}

#[actix_web::test]
async fn the_document_tells_of_every_route_and_of_no_other() {
    let stage = stage(&settings()).await;
    let all = every_operation();
    assert_eq!(all.len(), operations().len());
    for (method, path, _) in &all {
        // Whatever it says of such a request, it knows it: nothing is there under this id, and that is told otherwise.
        let answer = stage.call(signed_in(method, path)).await;
        let unknown = answer.status == 404 && answer.json()["detail"] == "There is nothing at this address.";
        assert!(!unknown && answer.status != 405, "{method} {path}");
    }
    let every_method = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    for (_, path, _) in &all {
        let mut has: Vec<_> = all.iter().filter(|(_, other, _)| other == path).map(|(method, ..)| method).collect();
        if has.contains(&&Method::GET) {
            has.push(&Method::HEAD);
        }
        for method in every_method.iter().filter(|method| !has.contains(method)) {
            let answer = stage.call(request(method, path)).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            let mut allowed: Vec<_> = answer.header("allow").split(", ").collect();
            let mut has: Vec<_> = has.iter().map(|method| method.as_str()).collect();
            allowed.sort_unstable();
            has.sort_unstable();
            assert_eq!(allowed, has, "{path}");
        }
    }
}

#[actix_web::test]
async fn nobody_is_told_what_is_wrong_with_a_body() {
    let stage = stage(&settings()).await;
    for (method, path, secured) in every_operation() {
        let path = path.replace("{id}", "no-id");
        let answer = stage.call(request(&method, &path).set_payload("{nonsense")).await;
        assert_eq!(answer.status == 401, secured, "{method} {path}");
        if secured {
            answer.assert_problem(401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="rondo""#);
        }
    }
    let bearer = |token| (header::AUTHORIZATION, format!("bearer {token}"));
    let forged = TestRequest::post().uri("/api/sessions/no-id/messages").insert_header(bearer("forged"));
    stage.call(forged.set_payload("{nonsense")).await.assert_problem(401, "unauthenticated");
    let answer = stage.call(request(&Method::GET, "/api/users/me").insert_header(bearer(EXPIRED_TOKEN))).await;
    answer.assert_problem(401, "token_expired");
    assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="rondo", error="invalid_token""#);
    let answer = stage.call(request(&Method::GET, "/api/users/me").insert_header(bearer("forged"))).await;
    answer.assert_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn each_fault_of_a_request_has_its_own_answer() {
    let stage = stage(&settings()).await;
    let at = |path: &str| signed_in(&Method::POST, path);
    let json = ("content-type", "application/json");
    stage.call(at("/api/sessions")).await.assert_problem(415, "unsupported_media_type");
    stage.call(at("/api/sessions").insert_header(json)).await.assert_problem(400, "malformed_json");
    stage.call(at("/api/sessions").insert_header(json).set_payload("{")).await.assert_problem(400, "malformed_json");
    stage.call(at("/api/sessions").set_json(json!({"nope": 1}))).await.assert_problem(422, "validation_failed");
    let answer = stage.call(at("/api/sessions").set_json(json!({"name": " ", "color": "?", "visibility": "x"}))).await;
    answer.assert_problem(422, "validation_failed");
    let fields: Vec<_> = answer.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
    assert_eq!(fields, ["name", "color", "visibility"]);
    let large = at("/api/sessions").insert_header(json).set_payload(" ".repeat(256 * 1_024 + 1));
    stage.call(large).await.assert_problem(413, "payload_too_large");
    stage.call(at("/api/sessions/1/messages").set_payload("{")).await.assert_problem(404, "not_found");
    stage.call(signed_in(&Method::GET, "/api/sessions?limit=0")).await.assert_problem(422, "validation_failed");
    let cursor = rondo_wire::encode_message(&MessageKey::Before(Some(7)));
    let both = format!("/api/sessions/{{id}}/messages?cursor={cursor}&afterSeq=1");
    let answer = stage.call(signed_in(&Method::GET, &both)).await;
    answer.assert_problem(422, "validation_failed");
    assert_eq!(answer.json()["errors"][0]["field"], "cursor");
    stage.call(request(&Method::GET, "/api/nope")).await.assert_problem(404, "not_found");
    stage.call(request(&Method::PUT, "/api/sessions")).await.assert_problem(405, "method_not_allowed");
}

#[actix_web::test]
async fn without_its_database_it_says_so() {
    let stage = stage(&settings()).await;
    assert_eq!(stage.call(request(&Method::GET, "/health")).await.json()["status"], "ok");
    stage.store.away.store(true, Ordering::Relaxed);
    let answer = stage.call(signed_in(&Method::GET, "/api/sessions")).await;
    answer.assert_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert!(!String::from_utf8_lossy(&answer.body).contains("away:"));
    let checks = json!({"database": "error", "cache": "ok", "bus": "ok"});
    for path in ["/health", "/health/ready"] {
        let answer = stage.call(request(&Method::GET, path)).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json(), json!({"status": "error", "version": "1.2.3", "checks": checks}));
    }
    let answer = stage.call(request(&Method::GET, "/health/live")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "ok", "version": "1.2.3"})));
    assert_eq!(answer.header("content-type"), "application/json");
}

#[actix_web::test]
async fn a_server_that_stops_gets_no_traffic() {
    let stage = stage(&settings()).await;
    stage.draining.begin();
    let answer = stage.call(request(&Method::GET, "/health/ready")).await;
    assert_eq!((answer.status.as_u16(), answer.json()["checks"]["database"].as_str().unwrap()), (503, "ok"));
    assert_eq!(stage.call(request(&Method::GET, "/health/live")).await.status, 200);
}

#[actix_web::test]
async fn every_answer_names_its_request_and_is_stamped() {
    let stage = stage(&settings()).await;
    for path in ["/health/live", "/api/sessions", "/nope", "/docs", "/api/openapi.json"] {
        for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS, Method::TRACE] {
            let answer = stage.call(request(&method, path).insert_header(("x-request-id", "mine:1"))).await;
            assert_eq!(answer.header("x-request-id"), "mine:1", "{method} {path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
        }
    }
    let answer = stage.call(request(&Method::GET, "/nope").insert_header(("x-request-id", "not sane"))).await;
    assert_ne!(answer.header("x-request-id"), "not sane");
    let kept = |answer: &Answer| answer.header("cache-control").to_owned();
    assert_eq!(kept(&stage.call(signed_in(&Method::GET, "/api/users/me")).await), "private, no-cache");
    assert_eq!(kept(&stage.call(request(&Method::GET, "/api/users/me")).await), "no-store");
    assert_eq!(kept(&stage.call(signed_in(&Method::GET, "/api/auth/logins")).await), "no-store");
    assert_eq!(stage.call(signed_in(&Method::HEAD, "/api/users/me")).await.status, 200);
}

#[actix_web::test]
async fn what_somebody_has_already_is_not_sent_again() {
    let stage = stage(&settings()).await;
    for path in ["/api/users/me", "/api/sessions", "/api/sessions/public", "/api/notifications", "/api/openapi.json"] {
        let got = stage.call(signed_in(&Method::GET, path)).await;
        let tag = got.header("etag").to_owned();
        assert_eq!(tag, stage.call(signed_in(&Method::HEAD, path)).await.header("etag"), "{path}");
        for has in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            for method in [Method::GET, Method::HEAD] {
                let again = signed_in(&method, path).insert_header((header::IF_NONE_MATCH, has.clone()));
                let answer = stage.call(again).await;
                assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0), "{method} {path} {has}");
                assert_eq!(answer.header("etag"), tag);
                assert_eq!(answer.header("cache-control"), "private, no-cache");
                assert_eq!(answer.header("x-content-type-options"), "nosniff");
                assert_ne!(answer.header("x-request-id"), "");
            }
        }
        let other = signed_in(&Method::GET, path).insert_header((header::IF_NONE_MATCH, "\"other\""));
        assert_eq!(stage.call(other).await.body, got.body);
    }
}

#[actix_web::test]
async fn refusals_signing_in_and_health_carry_no_tag() {
    let stage = stage(&settings()).await;
    for path in ["/api/auth/logins", "/api/sessions?limit=0", "/api/nope", "/api/sessions/{id}", "/health"] {
        let asked = signed_in(&Method::GET, path).insert_header((header::IF_NONE_MATCH, "*"));
        let answer = stage.call(asked).await;
        assert_eq!((answer.header("etag"), answer.header("cache-control")), ("", "no-store"), "{path}");
        assert_ne!(answer.status, 304, "{path}");
    }
}

#[actix_web::test]
async fn browsers_are_told_which_pages_may_call() {
    let preflight = |origin: &'static str| {
        request(&Method::OPTIONS, "/api/sessions")
            .insert_header((header::ORIGIN, origin))
            .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "PATCH"))
            .insert_header((header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,idempotency-key"))
    };
    let local = stage(&settings()).await;
    let answer = local.call(preflight("http://localhost:5173")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:5173");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-max-age"), "3600");
    local.call(preflight("https://evil.dev")).await.assert_problem(400, "bad_request");
    let from_elsewhere = signed_in(&Method::GET, "/api/sessions").insert_header((header::ORIGIN, "https://evil.dev"));
    assert_eq!(local.call(from_elsewhere).await.header("access-control-allow-origin"), "");

    let any = stage(&HttpSettings { origins: AllowedOrigins::Any, ..settings() }).await;
    let answer = any.call(preflight("https://evil.dev")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let answer =
        any.call(request(&Method::GET, "/api/sessions").insert_header((header::ORIGIN, "https://a.dev"))).await;
    answer.assert_problem(401, "unauthenticated");
    assert!(answer.header("access-control-expose-headers").to_lowercase().contains("x-request-id"));
}

#[actix_web::test]
async fn the_documents_can_be_switched_off() {
    let paths = ["/docs", "/docs/", "/docs/errors", "/docs/swagger-ui.css", "/api/openapi.json"];
    let on = stage(&settings()).await;
    for path in paths {
        assert_eq!(on.call(request(&Method::GET, path)).await.status, 200, "{path}");
    }
    on.call(request(&Method::GET, "/docs/nope.js")).await.assert_problem(404, "not_found");
    let answer = on.call(request(&Method::GET, "/api/openapi.json")).await;
    assert_eq!(answer.json(), serde_json::to_value(openapi()).unwrap());
    let off = stage(&HttpSettings { docs: false, ..settings() }).await;
    for path in paths {
        off.call(request(&Method::GET, path)).await.assert_problem(404, "not_found");
    }
}

#[actix_web::test]
async fn a_new_session_says_where_it_is() {
    let stage = stage(&settings()).await;
    let answer = stage.call(signed_in(&Method::POST, "/api/sessions").set_json(json!({"name": "Fulbito"}))).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("location"), format!("/api/sessions/{}", answer.json()["id"].as_str().unwrap()));
    assert_eq!(answer.json()["role"], "owner");
    let unchanged = stage.call(signed_in(&Method::PATCH, "/api/users/me").set_json(json!({}))).await;
    assert_eq!(unchanged.status, 200);
}

#[actix_web::test]
async fn a_key_counts_where_the_document_says_so_and_nowhere_else() {
    let stage = stage(&settings()).await;
    let mut document = openapi();
    for (path, method, operation) in documented(&mut document) {
        let key = "#/components/parameters/IdempotencyKey";
        let said = operation
            .parameters
            .iter()
            .flatten()
            .any(|parameter| matches!(parameter, RefOr::Ref(reference) if reference.ref_location == key));
        let method = super::served(&method).unwrap();
        let request = signed_in(&method, path).insert_header(("idempotency-key", "no key"));
        let answer = stage.call(request).await;
        let refused = answer.status == 422 && answer.json()["errors"][0]["field"] == "Idempotency-Key";
        assert_eq!(refused, said, "{method} {path}");
    }
}

#[actix_web::test]
async fn what_takes_no_body_takes_an_empty_one() {
    let stage = stage(&settings()).await;
    let read_all = || signed_in(&Method::POST, "/api/notifications/read-all");
    for body in ["", " \n", "{}", " { } "] {
        assert_eq!(stage.call(read_all().set_payload(body)).await.status, 204, "{body:?}");
    }
    assert_eq!(stage.call(read_all().set_json(json!({}))).await.status, 204);
    for body in ["{", "null", "[]", "{\"all\":true}", "all"] {
        stage.call(read_all().set_payload(body)).await.assert_problem(422, "validation_failed");
    }
}

#[actix_web::test]
async fn lists_are_asked_for_in_words_that_are_known() {
    let stage = stage(&settings()).await;
    for (path, field) in [
        ("/api/notifications?unread=1", "unread"),
        ("/api/notifications?unread=", "unread"),
        ("/api/users?query=%00", "query"),
        ("/api/users?cursor=x", "cursor"),
        ("/api/sessions/{id}/members?limit=101", "limit"),
        ("/api/sessions/{id}/presence?cursor=x", "cursor"),
        ("/api/sessions/{id}/invitations?cursor=x", "cursor"),
        ("/api/invitations?limit=x", "limit"),
    ] {
        let answer = stage.call(signed_in(&Method::GET, path)).await;
        answer.assert_problem(422, "validation_failed");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{path}");
    }
    let people = stage.call(signed_in(&Method::GET, "/api/users?query=ada")).await;
    assert_eq!(people.json()["items"][0]["displayName"], "Ada");
    assert!(people.json()["items"][0].get("email").is_none());
    let none = json!({"items": [], "nextCursor": null, "unreadCount": 0});
    assert_eq!(stage.call(signed_in(&Method::GET, "/api/notifications?unread=true")).await.json(), none);
}
