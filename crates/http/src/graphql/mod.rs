//! GraphQL over HTTP: `/graphql`, its page for people, and the schema in its own language. What may be asked, and what it
//! costs, is in `rondo_graphql`; here is how it travels.

mod answer;
mod ask;
pub(crate) mod live;
mod origin;
mod page;

use std::sync::Arc;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, Route,
    http::{
        Method,
        header::{CONTENT_TYPE, HeaderValue},
    },
    web::{self, Data, Payload},
};
use bytes::Bytes;
use rondo_domain::{
    account::{AccountError, Accounts, Actor},
    idempotency::Onces,
};
use rondo_graphql::{Batch, GraphQl, Reply, Services as Parts, Visit, Visitor};
use rondo_wire::Fault;
use tokio::{sync::oneshot, time::Instant};
use tracing::Span;

pub(crate) use self::origin::PROOFS as PREFLIGHT;
use self::{answer::Media, live::Live};
use crate::{
    cache::{Answers, Asked},
    cookies::RefreshCookies,
    extract::{ClientOrigin, bearer},
    idempotency, limits,
    problem::Failure,
    request_id::RequestId,
    resource::resource,
    state::Services,
    trace,
};

/// Where it is spoken.
pub(crate) const PATH: &str = "/graphql";

/// The schema with the services that it calls.
pub(crate) struct Surface {
    engine: Arc<GraphQl>,
    parts: Arc<Parts>,
    docs: bool,
}

impl Surface {
    pub(crate) fn new(engine: &Arc<GraphQl>, services: &Services, onces: &Arc<Onces>, docs: bool) -> Self {
        let Services {
            accounts,
            sessions,
            members,
            messages,
            invitations,
            notifications,
            presences,
            lists,
            limits,
            ..
        } = services.clone();
        let parts = Arc::new(Parts {
            accounts,
            sessions,
            members,
            messages,
            invitations,
            notifications,
            presences,
            lists,
            limits,
            onces: Arc::clone(onces),
        });
        Self { engine: Arc::clone(engine), parts, docs }
    }
}

/// Mounts it.
pub(crate) fn mount(config: &mut web::ServiceConfig) {
    config.service(resource(PATH, [(Method::GET, web::to(get)), (Method::POST, web::to(post))]));
}

/// Mounts what tells people and programs of it.
pub(crate) fn mount_documents(config: &mut web::ServiceConfig) {
    let got = |route: Route| [(Method::GET, route)];
    config
        .service(resource("/api/schema.graphql", got(web::to(schema))))
        .service(resource("/graphql/assets/{file}", got(web::to(page::asset))));
}

async fn get(
    request: HttpRequest,
    payload: Payload,
    surface: Data<Surface>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Failure> {
    if Live::is_wanted(&request)
        && let Some(live) = request.app_data::<Data<Live>>()
    {
        return Live::upgrade(live, &request, payload);
    }
    Ok(answer_to_get(request, surface, accounts).await)
}

async fn answer_to_get(request: HttpRequest, surface: Data<Surface>, accounts: Data<Accounts>) -> HttpResponse {
    if surface.docs && page::is_wanted(&request) {
        return page::page();
    }
    let media = Media::of(request.headers());
    match origin::guard(request.headers()).and_then(|()| ask::of_query(request.query_string())) {
        Ok(batch) => run(&request, &surface, &accounts, batch, media, true).await,
        Err(fault) => answer::refused(fault, media, &name_of(&request)),
    }
}

async fn post(
    request: HttpRequest,
    payload: Payload,
    surface: Data<Surface>,
    accounts: Data<Accounts>,
) -> HttpResponse {
    let media = Media::of(request.headers());
    match ask::of_body(&request, payload).await {
        Ok(batch) => run(&request, &surface, &accounts, batch, media, false).await,
        Err(fault) => answer::refused(fault, media, &name_of(&request)),
    }
}

async fn run(
    request: &HttpRequest,
    surface: &Surface,
    accounts: &Accounts,
    batch: Batch,
    media: Media,
    read_only: bool,
) -> HttpResponse {
    let caller = match bearer(request) {
        Some(token) => accounts.authenticate(token).await,
        None => Err(AccountError::Unauthenticated),
    };
    if let Ok(actor) = &caller {
        request.extensions_mut().insert(*actor); // for the log
    }
    let visitor = Visitor {
        caller: caller.map_err(Fault::from),
        request_id: name_of(request),
        origin: ClientOrigin::of(request),
        address: limits::address_of(request),
        key: idempotency::key(request.headers()),
    };
    let actor = visitor.caller.as_ref().ok().copied();
    let visit = Arc::new(Visit::new(&surface.parts, visitor));
    let batch = Arc::new(batch);
    let span = Span::current(); // the request's; what fails within it is reported with its route
    span.record("http.route", PATH);
    let mut made = None;
    if let (Some(actor), Some(answers)) = (actor, request.app_data::<Data<Answers>>()) {
        match kept(surface, answers, &visit, actor, &batch).await {
            Some(Kept::Whole(body)) => return answer::whole(body, media),
            Some(Kept::Made(reply)) => made = Some(reply),
            None => {}
        }
    }
    let reply = match made {
        Some(reply) => reply,
        None => surface.engine.answer(&visit, Arc::unwrap_or_clone(batch), read_only).await,
    };
    if let Some(code) = reply.failed {
        trace::note_error(&span, code);
    }
    let effects = visit.effects();
    limits::note(request, effects.quotas);
    let mut response = answer::of(reply, media);
    if effects.replayed {
        response.headers_mut().insert(idempotency::REPLAYED, HeaderValue::from_static("true"));
    }
    if let (Some(grant), Some(cookies)) = (effects.grant, request.app_data::<Data<RefreshCookies>>()) {
        // A cookie of ours is a header of ASCII; there is nothing that could fail.
        let _ = response.add_cookie(&cookies.keep(&grant));
    }
    response
}

/// What a plain query came to.
enum Kept {
    /// An answer that lacks nothing, for all who ask the same.
    Whole(Bytes),
    /// The reply to this request alone: it lacks something, and names the request.
    Made(Reply),
}

/// The answer to a plain query, at most as old as REST's may be; `None` where there is no such thing.
async fn kept(
    surface: &Surface,
    answers: &Answers,
    visit: &Arc<Visit>,
    actor: Actor,
    batch: &Arc<Batch>,
) -> Option<Kept> {
    let begun = Instant::now();
    let key = surface.engine.plain(batch).await?;
    let (lacking, mut lacks) = oneshot::channel();
    let make = {
        let (engine, visit, batch) = (Arc::clone(&surface.engine), Arc::clone(visit), Arc::clone(batch));
        move || async move {
            let reply = engine.answer(&visit, Arc::unwrap_or_clone(batch), true).await;
            if reply.whole {
                return Ok(reply.body.into());
            }
            let _whoever_asked_is_gone = lacking.send(reply);
            Err(Fault::unavailable("not whole"))
        }
    };
    match answers.bytes(Asked::graphql(actor.user, key), make).await {
        Ok((body, born)) => {
            if born < begun {
                surface.engine.note_kept(begun.elapsed()); // else it was counted when it was made
            }
            Some(Kept::Whole(body))
        }
        Err(_) => lacks.try_recv().ok().map(Kept::Made),
    }
}

fn name_of(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(RequestId::text).unwrap_or_default()
}

async fn schema() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/graphql; charset=utf-8")).body(page::SCHEMA.clone())
}
