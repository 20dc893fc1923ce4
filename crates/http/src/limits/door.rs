//! The door: every request counts against its address before anything else is done for it. Websockets pass it on their
//! own way, since the application does not see them.

use std::{
    future::{Ready, ready},
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{StatusCode, header::HeaderMap},
};
use futures_util::future::LocalBoxFuture;
use pin_project_lite::pin_project;
use rondo_domain::limits::{Key, Limits, Quota, Refused, Rule, Verdict};
use rondo_wire::Fault;

use super::{NOWHERE, Taken, TrustedProxies, headers, quota_of};
use crate::{
    problem::{self, Failure},
    request_id,
    state::{HttpSettings, Services},
};

/// Who counts at the door, and whose word on addresses is believed.
#[derive(Clone)]
pub(crate) struct Door {
    limits: Arc<dyn Limits>,
    proxies: Arc<TrustedProxies>,
}

impl Door {
    pub(crate) fn new(services: &Services, settings: &HttpSettings) -> Self {
        Self { limits: Arc::clone(&services.limits), proxies: Arc::new(settings.trusted_proxies.clone()) }
    }

    /// Counts a request.
    pub(crate) async fn knock(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Verdict {
        if !self.limits.keeps(Rule::Door) {
            return Ok(None);
        }
        let address = peer.map_or(NOWHERE, |peer| self.proxies.client(peer, headers));
        self.limits.take(Rule::Door, Key::address(address)).await
    }

    /// Whether no rule is kept, so that there is nothing to count or to tell.
    fn stands_open(&self) -> bool {
        !Rule::ALL.into_iter().any(|rule| self.limits.keeps(rule))
    }
}

/// The middleware that counts at the door and tells every answer what is left of its limits.
pub(crate) struct Limited(Door);

impl Limited {
    pub(crate) fn new(door: Door) -> Self {
        Self(door)
    }
}

impl<S, B> Transform<S, ServiceRequest> for Limited
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = BehindDoor<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let door = (!self.0.stands_open()).then(|| Rc::new(self.0.clone()));
        ready(Ok(BehindDoor { service: Rc::new(service), door }))
    }
}

/// A service behind the door.
pub(crate) struct BehindDoor<S> {
    service: Rc<S>,
    /// None where no limit is kept.
    door: Option<Rc<Door>>,
}

impl<S, B> Service<ServiceRequest> for BehindDoor<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Passage<S::Future, B>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match &self.door {
            Some(door) if !is_exempt(request.path()) => {
                let (door, service) = (Rc::clone(door), Rc::clone(&self.service));
                Passage::Counted { future: Box::pin(pass(door, service, request)) }
            }
            _ => Passage::Free { future: self.service.call(request) },
        }
    }
}

/// The whole answer to a request that is refused at the door and that no middleware sees.
pub(crate) fn refusal(refused: Refused, request: &HeaderMap) -> HttpResponse<BoxBody> {
    let request_id = request_id::of(request);
    let bare = HttpResponse::new(StatusCode::TOO_MANY_REQUESTS);
    let mut response = problem::render(bare, &Fault::from(refused), request, request_id::text(&request_id));
    let headers = response.headers_mut();
    headers::tell(headers, std::iter::once(&refused.0));
    headers.insert(request_id::HEADER, request_id);
    response
}

/// Whether a path is for those who watch over the server.
fn is_exempt(path: &str) -> bool {
    path == "/metrics" || path.strip_prefix("/health").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn pass<S, B>(
    door: Rc<Door>,
    service: Rc<S>,
    request: ServiceRequest,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let peer = request.peer_addr().map(|peer| peer.ip());
    let verdict = door.knock(peer, request.headers()).await;
    let at_door = quota_of(&verdict);
    let mut response = match verdict {
        Ok(_) => service.call(request).await?.map_into_left_body(),
        Err(refused) => request.error_response(Failure::from(refused)).map_into_right_body(),
    };
    let taken = response.request().extensions_mut().remove::<Taken>();
    let taken = taken.map_or_else(Vec::new, |Taken(quotas)| quotas);
    let quotas: [&[Quota]; 2] = [at_door.as_slice(), &taken];
    headers::tell(response.headers_mut(), quotas.into_iter().flatten());
    Ok(response)
}

pin_project! {
    /// A request on either way.
    #[project = PassageOn]
    pub(crate) enum Passage<F, B> {
        Free { #[pin] future: F },
        Counted { future: LocalBoxFuture<'static, Result<ServiceResponse<EitherBody<B>>, Error>> },
    }
}

impl<F, B> Future for Passage<F, B>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B, BoxBody>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            PassageOn::Free { future } => future.poll(cx).map_ok(ServiceResponse::map_into_left_body),
            PassageOn::Counted { future } => future.as_mut().poll(cx),
        }
    }
}
