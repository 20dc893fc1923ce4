//! What is for those who run the server: metrics and the level of the log. Either on a listener of their own, which the
//! world does not reach, or, for the metrics alone, on the public port behind a token.

mod listener;
mod log_level;
mod token;

use std::{net::SocketAddr, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::Method,
    web::{self, Data},
};
use rondo_wire::{ErrorCode, Fault};
use tokio::task::JoinSet;

pub(crate) use self::listener::Listener;
pub use self::{log_level::LogLevel, token::OperatorToken};
use crate::{
    extract::bearer,
    metrics::{self, Metrics},
    places::{NoPlace, Place},
    problem::Failure,
    resource::resource,
};

/// Where it stands.
pub(crate) const METRICS: &str = "/metrics";

/// What operators are given, and where.
#[derive(Clone, Debug)]
pub struct OperatorSettings {
    /// Whether requests are counted and metrics shown.
    pub metrics: bool,
    /// Where operators are listened to; `None` for nowhere but the public port.
    pub address: Option<SocketAddr>,
    /// What they must show.
    pub token: Option<OperatorToken>,
    /// Whether metrics stand open on the public port where there is neither address nor token: in development.
    pub open: bool,
}

impl OperatorSettings {
    /// Whether metrics are shown on the public port.
    const fn on_public_port(&self) -> bool {
        self.metrics && self.address.is_none() && (self.token.is_some() || self.open)
    }
}

/// What stands on the public port.
#[derive(Clone)]
pub(crate) struct Public {
    metrics: Option<Arc<Metrics>>,
    guard: Guard,
}

impl Public {
    /// Mounts it.
    pub(crate) fn mount(&self, config: &mut web::ServiceConfig) {
        if let Some(metrics) = &self.metrics {
            mount_metrics(config, metrics, &self.guard);
        }
    }
}

/// Listens to operators at their place, if they have one; gives what is for the public port besides.
///
/// # Errors
/// When nobody can be listened to there.
pub(crate) fn start(
    settings: &OperatorSettings,
    place: Option<Place>,
    metrics: Option<Arc<Metrics>>,
    log: Option<Arc<dyn LogLevel>>,
    tasks: &mut JoinSet<()>,
) -> Result<(Public, Option<Listener>), NoPlace> {
    let guard = Guard(settings.token.clone());
    let public = metrics.clone().filter(|_| settings.on_public_port());
    let listener = place.map(|place| Listener::start(place, metrics, log, guard.clone(), tasks));
    Ok((Public { metrics: public, guard }, listener.transpose()?))
}

/// Who may ask.
#[derive(Clone)]
struct Guard(Option<OperatorToken>);

impl Guard {
    fn admit(&self, request: &HttpRequest) -> Result<(), Failure> {
        let Some(token) = &self.0 else { return Ok(()) };
        if bearer(request).is_some_and(|given| token.is(given.as_bytes())) {
            return Ok(());
        }
        Err(Fault::new(ErrorCode::Unauthenticated, "This is for operators: the metrics token is needed.").into())
    }
}

/// Mounts the metrics.
fn mount_metrics(config: &mut web::ServiceConfig, metrics: &Arc<Metrics>, guard: &Guard) {
    let (metrics, guard) = (Data::from(Arc::clone(metrics)), Data::new(guard.clone()));
    let show = web::to(move |request: HttpRequest| {
        let (metrics, guard) = (metrics.clone(), guard.clone());
        async move {
            guard.admit(&request)?;
            Ok::<HttpResponse, Failure>(metrics::serve(&metrics).await)
        }
    });
    config.service(resource(METRICS, [(Method::GET, show)]));
}
