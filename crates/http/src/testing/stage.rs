//! The whole application, called without a network.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_http::Request;
use actix_web::{
    Error,
    body::{BoxBody, to_bytes},
    dev::{Service, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{AUTHORIZATION, HeaderMap},
    },
    test::{TestRequest, init_service},
    web::Data,
};
use rondo_domain::{
    Clock, SessionId, UserId,
    account::{AccountParts, AccountSettings, Accounts},
    clock::SystemClock,
    idempotency::Onces,
    invitation::{InvitationSettings, Invitations},
    limits::{Limits, Unlimited},
    lists::{ListParts, Lists},
    measure::NodeFigures,
    message::Messages,
    notification::Notifications,
    presence::Presences,
    session::{Members, Sessions},
    store::Store,
    vitals::InProcess,
};
use rondo_graphql::GraphQl;
use serde_json::Value;
use tokio::runtime::Handle;

use super::{Forgetful, GOOD_TOKEN, ports::Fakes};
use crate::{
    app::app,
    cache::Answers,
    graphql::Surface,
    operators::OperatorSettings,
    request_log::RequestLog,
    state::{AllowedOrigins, Draining, HttpSettings, Services, TrustedProxies},
};

/// An application under test.
pub(crate) struct Stage<S> {
    service: S,
    pub(crate) store: Arc<Forgetful>,
    pub(crate) draining: Arc<Draining>,
}

/// What it answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").map(|cookie| cookie.to_str().unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.json()["code"].as_str().unwrap()), (status, code));
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json()["status"], status);
        assert_eq!(self.json()["requestId"], self.header("x-request-id"));
    }
}

/// The application over a store of its own, without limits.
pub(crate) fn stage(
    settings: &HttpSettings,
) -> impl Future<Output = Stage<impl Service<Request, Response = ServiceResponse<BoxBody>, Error = Error> + use<>>> + use<>
{
    limited_stage(settings, Arc::new(Unlimited))
}

/// The application over a store of its own.
pub(crate) fn limited_stage(
    settings: &HttpSettings,
    limits: Arc<dyn Limits>,
) -> impl Future<Output = Stage<impl Service<Request, Response = ServiceResponse<BoxBody>, Error = Error> + use<>>> + use<>
{
    let (store, draining) = (Arc::new(Forgetful::default()), Arc::new(Draining::default()));
    let services = services(&store, limits);
    let onces = Arc::new(Onces::new(Arc::clone(&services.store), Arc::clone(&services.clock)));
    let surface = Data::new(Surface::new(&Arc::new(GraphQl::new(settings.docs)), &services, &onces, settings.docs));
    let log = RequestLog::new(Handle::current(), None);
    let app = app(&services, settings, &draining, &surface, &onces, log, |_| {});
    async move { Stage { service: init_service(app).await, store, draining } }
}

impl<S: Service<Request, Response = ServiceResponse<BoxBody>, Error = Error>> Stage<S> {
    pub(crate) async fn call(&self, request: TestRequest) -> Answer {
        let response = self.service.call(request.to_request()).await.unwrap().into_parts().1;
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: to_bytes(response.into_body()).await.unwrap().to_vec() }
    }
}

/// The services over a store.
fn services(store: &Arc<Forgetful>, limits: Arc<dyn Limits>) -> Services {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let fakes = Arc::new(Fakes(UserId::generate()));
    let reads = Arc::clone(store);
    let store = || Arc::clone(store) as Arc<dyn Store>;
    let (clock, fakes) = (|| Arc::clone(&clock), || Arc::clone(&fakes));
    let accounts = Accounts::new(AccountParts {
        store: store(),
        clock: clock(),
        hasher: fakes(),
        tokens: fakes(),
        secrets: fakes(),
        logins: fakes(),
        public: HashMap::new(),
        settings: AccountSettings { access_ttl: Duration::from_mins(15), refresh_ttl: Duration::from_hours(720) },
    });
    let invitations = InvitationSettings { ttl: Duration::from_hours(168), unknown: true };
    Services {
        accounts: Arc::new(accounts),
        sessions: Arc::new(Sessions::new(store(), clock())),
        members: Arc::new(Members::new(store(), clock())),
        messages: Arc::new(Messages::new(store(), fakes(), fakes(), clock())),
        invitations: Arc::new(Invitations::new(store(), clock(), invitations)),
        notifications: Arc::new(Notifications::new(store(), clock())),
        presences: Arc::new(Presences::new(store(), fakes(), fakes(), clock())),
        lists: Arc::new(Lists::new(ListParts { store: store(), reads, book: fakes(), clock: clock() })),
        limits,
        answers: Answers::new(None),
        store: store(),
        vitals: Arc::new(InProcess),
        clock: clock(),
        figures: NodeFigures::default(),
    }
}

/// The settings of development.
pub(crate) fn settings() -> HttpSettings {
    HttpSettings {
        address: ([127, 0, 0, 1], 0).into(),
        workers: 1,
        origins: AllowedOrigins::Localhost,
        trusted_proxies: TrustedProxies::default(),
        socket_events: None,
        docs: true,
        secure_cookies: false,
        presence_grace: Duration::from_secs(3),
        drain_delay: Duration::ZERO,
        version: "1.2.3",
        operators: OperatorSettings { metrics: true, address: None, token: None, open: true },
    }
}

/// A request; each `{id}` in the path is one of nothing.
pub(crate) fn request(method: &Method, path: &str) -> TestRequest {
    let parts = path.split('/').map(|part| match part.split_once('}') {
        Some((_, rest)) => format!("{}{rest}", SessionId::generate()),
        None => part.to_owned(),
    });
    TestRequest::with_uri(&parts.collect::<Vec<_>>().join("/")).method(method.clone())
}

/// A request by somebody.
pub(crate) fn signed_in(method: &Method, path: &str) -> TestRequest {
    request(method, path).insert_header((AUTHORIZATION, format!("Bearer {GOOD_TOKEN}")))
}

/// A request with a body.
pub(crate) fn post(path: &str, body: &Value) -> TestRequest {
    TestRequest::post().uri(path).set_json(body)
}
