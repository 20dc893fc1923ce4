//! Effect once for requests that their client names with an `Idempotency-Key`: the first answer is stored with what it
//! tells of, and given again. See [`rondo_domain::idempotency`] for what is remembered, and for how long.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ContentType, HeaderMap, HeaderName, HeaderValue, LOCATION},
    },
    web::Data,
};
use aws_lc_rs::digest::{Context, SHA256};
use rondo_domain::{
    Invalid,
    account::Actor,
    idempotency::{Asked, Done, Fingerprint, Guard, IdempotencyKey, Onces, StoredAnswer},
};
use rondo_wire::Fault;

use crate::problem::Failure;

/// The header that names a request.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that tells a repeated answer from the first.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Does what is asked for, once if the request has a name.
pub(crate) struct Once(Option<Named>);

/// A request with a name.
struct Named {
    memory: Data<Onces>,
    key: IdempotencyKey,
    fingerprint: Fingerprint,
}

impl Once {
    /// Names the request, if it has a key; `body` is all that it holds.
    pub(crate) fn of(request: &HttpRequest, key: Option<IdempotencyKey>, body: &[u8]) -> Result<Self, Fault> {
        let Some(key) = key else { return Ok(Self(None)) };
        let memory = request.app_data::<Data<Onces>>().cloned();
        let memory = memory.ok_or_else(|| Fault::internal("there is no memory for idempotency keys"))?;
        Ok(Self(Some(Named { memory, key, fingerprint: fingerprint(request, body) })))
    }

    /// Has `work` done and answers with what `render` makes of it; for the guard that `work` is given, `render` makes
    /// the same answer. A request that was done before is answered as it was then.
    ///
    /// # Errors
    /// What `work` refuses, `idempotency_mismatch`, `idempotency_in_progress`, and the store's.
    pub(crate) async fn run<T, E, W>(
        self,
        actor: &Actor,
        render: impl Fn(&T) -> StoredAnswer + Send + Sync + 'static,
        work: impl FnOnce(Option<Guard<T>>) -> W,
    ) -> Result<HttpResponse, Failure>
    where
        W: Future<Output = Result<T, E>>,
        E: Into<Fault>,
    {
        let Some(Named { memory, key, fingerprint }) = self.0 else {
            return Ok(respond(render(&work(None).await?)));
        };
        let render = Arc::new(render);
        let asked = Asked { user: actor.user, key, fingerprint };
        match memory.run(asked, render.clone(), |guard| work(Some(guard))).await? {
            Done::Now(outcome) => Ok(respond(render(&outcome))),
            Done::Before(answer) => {
                let mut answer = respond(answer);
                answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                Ok(answer)
            }
        }
    }
}

/// The key of a request, if it has one.
///
/// # Errors
/// On `Idempotency-Key`.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Invalid> {
    let refused = |code, message: String| Err(Invalid::field("Idempotency-Key", code, message));
    let mut given = headers.get_all(&KEY);
    let Some(first) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return refused("duplicate", "stands here twice".to_owned());
    }
    match IdempotencyKey::parse(first.to_str().unwrap_or("")) {
        Ok(key) => Ok(Some(key)),
        Err(reason) => refused(reason.code, reason.message),
    }
}

/// What was asked. Neither a method nor a path holds a line break, so no two requests read alike.
fn fingerprint(request: &HttpRequest, body: &[u8]) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    for part in [request.method().as_str().as_bytes(), b"\n", request.path().as_bytes(), b"\n", body] {
        context.update(part);
    }
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(context.finish().as_ref()); // SHA-256 has 32 bytes, as `Fingerprint` has
    fingerprint
}

fn respond(answer: StoredAnswer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if let Some(location) = answer.location {
        response.insert_header((LOCATION, location));
    }
    if answer.body.is_empty() {
        response.finish()
    } else {
        response.content_type(ContentType::json()).body(answer.body)
    }
}
