//! Effect once for requests that their client names with an `Idempotency-Key`: the first answer is stored with what it
//! tells of, and given again. See [`rondo_domain::idempotency`] for what is remembered, and for how long.

#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

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
    Clock, Invalid, UserId,
    account::Actor,
    idempotency::{Fingerprint, Guard, IdempotencyKey, Remembered, Render, StoredAnswer},
    store::{Store, StoreError},
};
use rondo_wire::{ErrorCode, Fault};

use crate::problem::Failure;

/// The header that names a request.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that tells a repeated answer from the first.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// When to try again while the first request still runs.
const RETRY: Duration = Duration::from_secs(1);

/// Where requests are remembered.
pub(crate) struct Idempotency {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Does what is asked for, once if the request has a name.
pub(crate) struct Once(Option<Named>);

/// A request with a name.
struct Named {
    memory: Data<Idempotency>,
    key: IdempotencyKey,
    fingerprint: Fingerprint,
}

impl Once {
    /// Names the request, if it has a key; `body` is all that it holds.
    pub(crate) fn of(request: &HttpRequest, key: Option<IdempotencyKey>, body: &[u8]) -> Result<Self, Fault> {
        let Some(key) = key else { return Ok(Self(None)) };
        let memory = request.app_data::<Data<Idempotency>>().cloned();
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
        let Some(named) = self.0 else {
            return Ok(respond(render(&work(None).await?)));
        };
        if let Some(remembered) = named.recall(actor.user).await? {
            return named.again(remembered);
        }
        let _running = Running::begin(actor.user, &named.key).ok_or_else(in_progress)?;
        let render: Render<T> = Arc::new(render);
        let guard = Guard {
            user: actor.user,
            key: named.key.clone(),
            fingerprint: named.fingerprint,
            render: Arc::clone(&render),
        };
        match work(Some(guard)).await {
            Ok(outcome) => Ok(respond(render(&outcome))),
            // The same request may have been done meanwhile, here or on another node: then this one ran into the key,
            // or into what the other one did. Or it was done by this one, and the database could not say so.
            Err(error) => match named.recall(actor.user).await {
                Ok(Some(remembered)) => named.again(remembered),
                Ok(None) | Err(_) => Err(error.into().into()),
            },
        }
    }
}

impl Named {
    async fn recall(&self, user: UserId) -> Result<Option<Remembered>, StoreError> {
        let Idempotency { store, clock } = &**self.memory;
        store.remembered(user, &self.key, clock.now()).await
    }

    /// The first answer again, for the same request.
    fn again(&self, remembered: Remembered) -> Result<HttpResponse, Failure> {
        if remembered.fingerprint != self.fingerprint {
            let detail = "This Idempotency-Key was used for another request.";
            return Err(Fault::new(ErrorCode::IdempotencyMismatch, detail).into());
        }
        let mut answer = respond(remembered.answer);
        answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(answer)
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

fn in_progress() -> Fault {
    let detail = "A request with this Idempotency-Key is still running.";
    Fault { retry_after: Some(RETRY), ..Fault::new(ErrorCode::IdempotencyInProgress, detail) }
}

type Name = (UserId, IdempotencyKey);

/// The named requests that run. Of the whole process, for every worker has an application of its own; other nodes are
/// kept apart by the database alone.
static RUNNING: LazyLock<Mutex<HashSet<Name>>> = LazyLock::new(Mutex::default);

/// A named request that runs, until this is dropped: also when its client goes away.
struct Running(Name);

impl Running {
    /// Notes that it runs; `None` when one of this name does already.
    fn begin(user: UserId, key: &IdempotencyKey) -> Option<Self> {
        let name = (user, key.clone());
        Self::all().insert(name.clone()).then(|| Self(name)) // not `then_some`: that would drop another's
    }

    fn all() -> MutexGuard<'static, HashSet<Name>> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        Self::all().remove(&self.0);
    }
}
