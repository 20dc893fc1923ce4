//! The table of operations, tried.

use rondo_domain::SessionId;
use rondo_testkit::{TestApp, on_each_database};

use super::{
    operations::{CALLERS, Operation, Verdicts, all},
    scene::{Cast, Scene},
};

/// The operations of REST that nobody can call.
fn closed() -> impl Iterator<Item = Operation> {
    all().into_iter().filter(|operation| operation.nobody == 401 && operation.method != "EVENT")
}

/// The path with this in the place of every id.
fn path(operation: &Operation, id: &str) -> String {
    ["{id}", "{userId}", "{messageId}"].iter().fold(operation.path.to_owned(), |path, name| path.replace(name, id))
}

/// Tries every use of every operation as this one of [`CALLERS`].
async fn try_all(app: &TestApp, caller: usize) {
    let cast = Cast::gather(app).await;
    for operation in all() {
        let Verdicts::Each(verdicts) = operation.verdicts else { continue };
        let (expected, caller) = (verdicts[caller], CALLERS[caller]);
        let scene = Scene::set(app, &cast, &operation, caller).await;
        let before = scene.state().await;

        let (status, answer) = scene.attempt(&operation).await;

        let Operation { method, path, whose, body, .. } = &operation;
        assert_eq!(status, expected, "{method} {path} {body:?} of {whose:?} by {caller}: {answer}");
        if status >= 400 {
            assert_eq!(scene.state().await, before, "{method} {path} of {whose:?} by {caller} changed something");
        }
    }
}

on_each_database! {
    async fn nobody_gets_in_and_learns_nothing(app: TestApp) {
        let ada = app.user("ada").await;
        let room = app.session().public().owned_by(&ada).create().await;
        for operation in all().into_iter().filter(|operation| operation.method != "EVENT") {
            for id in [room.id.clone(), SessionId::generate().to_string(), "malformed".to_owned()] {
                let request = app.request(operation.method.parse().unwrap(), &path(&operation, &id));
                let body = operation.body.as_ref().map(|body| body.to_string().replace("{id}", &id));
                let answer = match body {
                    Some(body) => request.body("application/json", body).await,
                    None => request.await,
                };
                answer.assert_status(operation.nobody);
                if operation.nobody == 401 && operation.path != "/api/auth/login" {
                    answer.assert_problem(401, "unauthenticated");
                }
            }
        }
        assert_eq!(room.seen_by(&ada).await, room.session);
        assert_eq!(app.connect(None).await.err().as_deref(), Some("unauthenticated"));
    }

    async fn who_is_not_signed_in_hears_of_nothing_else(app: TestApp) {
        for operation in closed().filter(|operation| operation.path.contains("{id}")) {
            let path = path(&operation, "x");
            let request = app.request(operation.method.parse().unwrap(), &format!("{path}?limit=0&after=x"));
            request.body("text/plain", "{").await.assert_problem(401, "unauthenticated");
        }
    }

    async fn a_malformed_id_names_nothing(app: TestApp) {
        let ada = app.user("ada").await;
        for operation in closed().filter(|operation| operation.path.contains("{id}")) {
            let request = ada.request(operation.method.parse().unwrap(), &path(&operation, "malformed"));
            let request = match &operation.body {
                Some(body) => request.json(body.clone()),
                None => request,
            };
            request.await.assert_problem(404, "not_found");
        }
    }

    async fn what_is_everybodys_or_ones_own_is_answered_alike(app: TestApp) {
        for operation in all() {
            let Verdicts::Anybody(expected) = operation.verdicts else { continue };
            let cast = Cast::gather(&app).await;
            let scene = Scene::personal(&app, &cast, &operation).await;
            let (status, answer) = scene.attempt(&operation).await;
            let Operation { method, path, whose, .. } = operation;
            assert_eq!(status, expected, "{method} {path} of {whose:?}: {answer}");
        }
    }

    async fn an_outsider_of_a_private_session_learns_nothing(app: TestApp) {
        try_all(&app, 0).await;
    }

    async fn an_outsider_of_a_public_session_sees_it_and_may_join(app: TestApp) {
        try_all(&app, 1).await;
    }

    async fn an_owner_does_everything(app: TestApp) {
        try_all(&app, 2).await;
    }

    async fn a_moderator_keeps_order(app: TestApp) {
        try_all(&app, 3).await;
    }

    async fn a_member_writes(app: TestApp) {
        try_all(&app, 4).await;
    }

    async fn a_viewer_reads(app: TestApp) {
        try_all(&app, 5).await;
    }
}
