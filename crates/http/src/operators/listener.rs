//! The listener for operators: one thread, since few ask and seldom.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_server::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use rondo_wire::{ErrorCode, Fault};
use tokio::{runtime::Handle, task::JoinSet};

use super::{Guard, LogLevel, log_level, mount_metrics};
use crate::{
    metrics::Metrics,
    places::{NoPlace, Place},
    problem::Failure,
    request_log::RequestLog,
};

/// How long an operator's program may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How many of their connections are kept at once.
const CONNECTIONS: usize = 64;
/// How many more may wait to be accepted.
const BACKLOG: u32 = 128;

/// A listener at work.
pub(crate) struct Listener {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Listener {
    /// Serves what there is at a place.
    ///
    /// # Errors
    /// When nobody can be listened to there.
    pub(super) fn start(
        place: Place,
        metrics: Option<Arc<Metrics>>,
        log: Option<Arc<dyn LogLevel>>,
        guard: Guard,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, NoPlace> {
        let address = place.address();
        let runtime = Handle::current();
        let app = move || {
            let (metrics, log, guard) = (metrics.clone(), log.clone(), guard.clone());
            App::new()
                .configure(move |config: &mut web::ServiceConfig| {
                    if let Some(metrics) = &metrics {
                        mount_metrics(config, metrics, &guard);
                    }
                    if let Some(log) = &log {
                        log_level::mount(config, log, &guard);
                    }
                    config.default_service(web::to(unknown));
                })
                .wrap(RequestLog::new(runtime.clone(), None))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .max_connections(CONNECTIONS)
            .client_request_timeout(HEAD_TIMEOUT)
            .shutdown_timeout(1)
            .disable_signals()
            .listen(place.listen(BACKLOG)?)
            .map_err(NoPlace::at(address))?
            .run();
        let handle = server.handle();
        tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(error.cause = %error, "the listener for operators failed");
            }
        });
        Ok(Self { address, handle })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once.
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn unknown() -> Result<HttpResponse, Failure> {
    Err(Fault::new(ErrorCode::NotFound, "There is nothing at this address.").into())
}
