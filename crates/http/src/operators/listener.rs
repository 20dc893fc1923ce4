//! The listener for operators: one thread, since few ask and seldom.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use actix_server::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use rondo_wire::{ErrorCode, Fault};
use tokio::{runtime::Handle, task::JoinSet};

use super::{Guard, LogLevel, log_level, mount_metrics};
use crate::{metrics::Metrics, problem::Failure, request_log::RequestLog};

/// How long an operator's program may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How many of their connections are kept at once.
const CONNECTIONS: usize = 64;

/// A listener at work.
pub(crate) struct Listener {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Listener {
    /// Binds the address, and serves what there is.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub(super) fn start(
        address: SocketAddr,
        metrics: Option<Arc<Metrics>>,
        log: Option<Arc<dyn LogLevel>>,
        guard: Guard,
        tasks: &mut JoinSet<()>,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        let address = listener.local_addr()?;
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
            .listen(listener)?
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
