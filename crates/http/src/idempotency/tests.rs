//! One request, several times: one after another, at once, given up, and on other nodes.

use actix_web::{
    body::to_bytes,
    http::{Method, header::LOCATION},
    rt::task::yield_now,
    test::TestRequest,
};
use futures_util::{
    FutureExt,
    future::{join_all, pending, ready},
    poll,
};
use rondo_domain::{
    Clock, LoginId, UserId, clock::SystemClock, idempotency::Memo, notification::NotificationError,
    session::SessionError, store::Store,
};
use rondo_wire::ErrorCode;
use serde_json::json;
use tokio::sync::oneshot;

use super::*;
use crate::testing::{Forgetful, settings, signed_in, stage};

/// A person and what is remembered of them.
struct Scene {
    store: Arc<Forgetful>,
    actor: Actor,
}

impl Scene {
    fn new() -> Self {
        let actor = Actor { user: UserId::generate(), login: LoginId::generate(), expires_at: SystemClock.now() };
        Self { store: Arc::default(), actor }
    }

    /// A request with a body, by the name of `key`.
    fn request(&self, body: &str) -> Once {
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        let memory = Data::new(Onces::new(store, Arc::new(SystemClock)));
        let request = TestRequest::post().uri("/api/x").app_data(memory).to_http_request();
        Once::of(&request, Some(IdempotencyKey::parse("key").unwrap()), body.as_bytes()).unwrap()
    }

    /// Has a number made, which is stored with its answer.
    async fn make(&self, body: &str, number: u64) -> Result<HttpResponse, Failure> {
        self.request(body).run(&self.actor, shown, |guard| ready(self.store_it(number, guard))).await
    }

    fn store_it(&self, number: u64, guard: Option<Guard<u64>>) -> Result<u64, SessionError> {
        self.store.answers.remember(guard.unwrap().memo(&number))?;
        Ok(number)
    }

    /// What another node does meanwhile.
    fn done_elsewhere(&self, guard: &Guard<u64>, fingerprint: Fingerprint) {
        let memo = Memo { fingerprint, ..guard.memo(&7) };
        self.store.answers.remember(memo).unwrap();
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "outcomes are rendered by reference")]
fn shown(number: &u64) -> StoredAnswer {
    StoredAnswer { status: 201, location: Some(format!("/api/x/{number}")), body: number.to_string() }
}

/// What was answered, and whether it was given again.
async fn told(answer: Result<HttpResponse, Failure>) -> (String, bool) {
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 201);
    let location = answer.headers().get(LOCATION).unwrap().to_str().unwrap().to_owned();
    let replayed = answer.headers().contains_key(&REPLAYED);
    let body = String::from_utf8(to_bytes(answer.into_body()).await.unwrap().to_vec()).unwrap();
    assert_eq!(location, format!("/api/x/{body}"));
    (body, replayed)
}

#[actix_web::test]
async fn a_repeated_request_has_the_first_answer_and_another_one_is_refused() {
    let stage = stage(&settings()).await;
    let named = |method, path: &str| signed_in(&method, path).insert_header((KEY, "k-1"));
    let create = |name: &str| named(Method::POST, "/api/sessions").set_json(json!({"name": name}));
    let first = stage.call(create("Fulbito")).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, ""));
    let again = stage.call(create("Fulbito")).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
    assert_eq!((again.header("content-type"), first.header("content-type")), ("application/json", "application/json"));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));

    stage.call(create("Truco")).await.assert_problem(422, "idempotency_mismatch");
    stage.call(named(Method::POST, "/api/notifications/read-all")).await.assert_problem(422, "idempotency_mismatch");
    let of_another = named(Method::PATCH, "/api/users/me").set_json(json!({"name": "Fulbito"}));
    stage.call(of_another).await.assert_problem(422, "validation_failed");
    assert_eq!(stage.store.answers.count(), 1);
    let unnamed = signed_in(&Method::POST, "/api/sessions").set_json(json!({"name": "Fulbito"}));
    assert_ne!(stage.call(unnamed).await.body, first.body);
    assert_eq!(stage.store.answers.count(), 1);
}

#[actix_web::test]
async fn an_answer_without_a_body_is_repeated_too() {
    let stage = stage(&settings()).await;
    let path = format!("/api/notifications/{}/read", UserId::generate());
    for replayed in ["", "true"] {
        let answer = stage.call(signed_in(&Method::POST, &path).insert_header((KEY, "k-2"))).await;
        assert_eq!((answer.status.as_u16(), answer.header("idempotency-replayed")), (204, replayed));
        assert!(answer.body.is_empty() && answer.header("content-type").is_empty());
    }
}

#[actix_web::test]
async fn a_key_that_is_none_is_named() {
    let stage = stage(&settings()).await;
    let create = || signed_in(&Method::POST, "/api/sessions").set_json(json!({"name": "Fulbito"}));
    let requests = [
        create().insert_header((KEY, "")),
        create().insert_header((KEY, "a b")),
        create().insert_header((KEY, "x".repeat(256))),
        create().insert_header((KEY, "a")).append_header((KEY, "b")),
    ];
    for request in requests {
        let answer = stage.call(request).await;
        answer.assert_problem(422, "validation_failed");
        assert_eq!(answer.json()["errors"][0]["field"], "Idempotency-Key");
    }
    let bodiless = signed_in(&Method::POST, "/api/notifications/read-all").insert_header((KEY, "a b"));
    stage.call(bodiless).await.assert_problem(422, "validation_failed");
    let to_accounts = signed_in(&Method::POST, "/api/auth/logout").insert_header((KEY, "a b"));
    assert_eq!(stage.call(to_accounts).await.status, 204, "ignored there");
}

#[actix_web::test]
async fn a_name_is_ones_own() {
    let (ada, grace) = (Scene::new(), Scene::new());
    let grace = Scene { store: Arc::clone(&ada.store), ..grace };
    assert_eq!(told(ada.make("{}", 1).await).await, ("1".to_owned(), false));
    assert_eq!(told(grace.make("{}", 2).await).await, ("2".to_owned(), false));
    assert_eq!(told(ada.make("{}", 3).await).await, ("1".to_owned(), true));
}

#[actix_web::test]
async fn while_the_first_runs_the_second_is_told_to_wait() {
    let scene = Scene::new();
    let (go, gone) = oneshot::channel::<()>();
    let first = scene.request("{}").run(&scene.actor, shown, |guard| async {
        gone.await.unwrap();
        scene.store_it(1, guard)
    });
    let mut first = Box::pin(first);
    assert!(poll!(&mut first).is_pending());
    for body in ["{}", "other"] {
        let refused = scene.make(body, 2).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::IdempotencyInProgress);
    }
    go.send(()).unwrap();
    assert_eq!(told(first.await).await, ("1".to_owned(), false));
    assert_eq!(told(scene.make("{}", 3).await).await, ("1".to_owned(), true));
}

#[actix_web::test]
async fn of_many_at_once_one_has_effect() {
    let scene = Scene::new();
    let requests = (0..20).map(|number| {
        let scene = &scene;
        scene.request("{}").run(&scene.actor, shown, move |guard| async move {
            yield_now().await;
            scene.store_it(number, guard)
        })
    });
    let answers = join_all(requests).await;
    let (done, waiting): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    assert!(waiting.into_iter().all(|answer| answer.unwrap_err().code() == ErrorCode::IdempotencyInProgress));
    assert_eq!(scene.store.answers.count(), 1);
}

#[actix_web::test]
async fn a_request_that_was_given_up_can_be_sent_again() {
    let scene = Scene::new();
    let given_up = scene.request("{}").run(&scene.actor, shown, |_| pending::<Result<u64, SessionError>>());
    assert!(given_up.now_or_never().is_none());
    assert_eq!(told(scene.make("{}", 2).await).await, ("2".to_owned(), false));
}

#[actix_web::test]
async fn a_refused_request_is_not_remembered() {
    let scene = Scene::new();
    let refused = scene.request("{}").run(&scene.actor, shown, |_| async { Err(NotificationError::Unknown) }).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
    assert_eq!(scene.store.answers.count(), 0);
    assert_eq!(told(scene.make("changed", 2).await).await, ("2".to_owned(), false));
}

#[actix_web::test]
async fn what_another_node_did_meanwhile_is_answered_alike() {
    // This one runs into the key itself …
    let scene = Scene::new();
    let answer = scene.request("{}").run(&scene.actor, shown, |guard| async {
        let guard = guard.unwrap();
        scene.done_elsewhere(&guard, guard.fingerprint);
        scene.store_it(8, Some(guard))
    });
    assert_eq!(told(answer.await).await, ("7".to_owned(), true));

    // … or into what the other one did …
    let scene = Scene::new();
    let answer = scene.request("{}").run(&scene.actor, shown, |guard| async {
        let guard = guard.unwrap();
        scene.done_elsewhere(&guard, guard.fingerprint);
        Err(SessionError::LastOwner)
    });
    assert_eq!(told(answer.await).await, ("7".to_owned(), true));

    // … or into a request of another kind that took the name.
    let scene = Scene::new();
    let answer = scene.request("{}").run(&scene.actor, shown, |guard| async {
        let guard = guard.unwrap();
        scene.done_elsewhere(&guard, [0; 32]);
        scene.store_it(8, Some(guard))
    });
    assert_eq!(answer.await.unwrap_err().code(), ErrorCode::IdempotencyMismatch);
}

#[test]
fn a_fingerprint_tells_requests_apart() {
    let of = |method: Method, path: &str, body: &[u8]| {
        fingerprint(&TestRequest::with_uri(path).method(method).to_http_request(), body)
    };
    let one = of(Method::POST, "/a", b"b");
    assert_eq!(one, of(Method::POST, "/a", b"b"));
    for other in [of(Method::PATCH, "/a", b"b"), of(Method::POST, "/b", b"b"), of(Method::POST, "/a", b"")] {
        assert_ne!(one, other);
    }
    // SHA-256 of "POST\n/a\nb", so that a new release still knows what an older one stored.
    let known = "3f692b9abc1506e521223cee14f79c29a22c7c2439158cacfda1e59c99a492d2";
    assert_eq!(one.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")), known);
}
