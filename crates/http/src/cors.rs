//! Which pages of other origins may call from a browser. Only requests that name an origin go through the rules; to
//! all others they would add headers that nobody reads.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_cors::Cors;
use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{
        Method,
        header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, LOCATION, ORIGIN, RETRY_AFTER},
    },
};
use futures_util::future::LocalBoxFuture;
use pin_project_lite::pin_project;

use crate::{graphql, idempotency, request_id, state::AllowedOrigins};

/// The rules for browsers.
pub(crate) struct CrossOrigin(Cors);

impl CrossOrigin {
    /// Makes the rules from who may call.
    pub(crate) fn new(origins: &AllowedOrigins) -> Self {
        let limits = ["ratelimit", "ratelimit-policy"].map(HeaderName::from_static);
        let rules = Cors::default()
            .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allowed_headers([AUTHORIZATION, CONTENT_TYPE, idempotency::KEY, request_id::HEADER])
            .allowed_headers(graphql::PREFLIGHT)
            .expose_headers([request_id::HEADER, LOCATION, RETRY_AFTER, idempotency::REPLAYED])
            .expose_headers(limits)
            .max_age(3_600);
        Self(match origins {
            // A page of any origin may call, but never with the cookies of whoever looks at it.
            AllowedOrigins::Any => rules.allow_any_origin().send_wildcard(),
            AllowedOrigins::Localhost | AllowedOrigins::Only(_) => {
                let origins = origins.clone();
                rules
                    .allowed_origin_fn(move |origin, _| origin.to_str().is_ok_and(|origin| origins.allows(origin)))
                    .supports_credentials()
            }
        })
    }
}

type Ruled<S> = <Cors as Transform<Rc<S>, ServiceRequest>>::Transform;

impl<S, B> Transform<S, ServiceRequest> for CrossOrigin
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = ByOrigin<S, Ruled<S>>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let plain = Rc::new(service);
        let ruled = self.0.new_transform(Rc::clone(&plain));
        Box::pin(async move { Ok(ByOrigin { plain, ruled: ruled.await? }) })
    }
}

/// A service, and the same one behind the rules.
pub(crate) struct ByOrigin<S, R> {
    plain: Rc<S>,
    ruled: R,
}

impl<S, R, B> Service<ServiceRequest> for ByOrigin<S, R>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    R: Service<ServiceRequest, Response = ServiceResponse<EitherBody<B>>, Error = Error>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Call<S::Future, R::Future>;

    forward_ready!(plain);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if request.headers().contains_key(ORIGIN) {
            Call::Ruled { future: self.ruled.call(request) }
        } else {
            Call::Plain { future: self.plain.call(request) }
        }
    }
}

pin_project! {
    /// A request on either way.
    #[project = CallOn]
    pub(crate) enum Call<P, R> {
        Plain { #[pin] future: P },
        Ruled { #[pin] future: R },
    }
}

impl<P, R, B> Future for Call<P, R>
where
    P: Future<Output = Result<ServiceResponse<B>, Error>>,
    R: Future<Output = Result<ServiceResponse<EitherBody<B>>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            CallOn::Plain { future } => Poll::Ready(ready!(future.poll(cx)).map(ServiceResponse::map_into_left_body)),
            CallOn::Ruled { future } => future.poll(cx),
        }
    }
}
