//! One port: actix-web for requests, Socket.IO for websockets, and the order in which both stop.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use actix_codec::Framed;
use actix_http::{HttpService, KeepAlive, Request, h1};
use actix_server::ServerHandle;
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_factory, fn_service, map_config,
};
use actix_web::{dev::AppConfig, web};
use rondo_domain::idempotency::Onces;
use rondo_graphql::GraphQl;
use socketioxide::SocketIo;
use tokio::{net::TcpStream, runtime::Handle, task::JoinSet};

use crate::{
    app::app,
    gateway::{
        Gateway,
        lifeline::Lined,
        mount::{self, Mount},
    },
    graphql::{
        Surface,
        live::{self, Line, Live},
    },
    hub::Hub,
    limits::Door,
    metrics::{Metrics, RequestFigures},
    operators::{self, Listener, LogLevel},
    places::{NoPlace, Places},
    request_log::{RequestLog, RoutePattern},
    state::{Draining, HttpSettings, Services},
};

/// How many connections may wait to be accepted: a whole crowd that comes back at once.
const BACKLOG: u32 = 4_096;
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long requests that were begun may run when the server stops, in seconds.
const DRAIN_REQUESTS: u64 = 3;

/// A server that listens.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    gateway: Arc<Gateway>,
    io: SocketIo,
    operators: Option<Listener>,
    live: Arc<Live>,
}

impl Server {
    /// Begins to serve at the places that were taken. The tasks that it stands on are put into `tasks`, whose owner sees
    /// if one of them ends.
    ///
    /// # Errors
    /// The place at which nobody can be listened to.
    pub fn start(
        services: &Services,
        hub: &Hub,
        settings: &HttpSettings,
        places: Places,
        log_level: Option<Arc<dyn LogLevel>>,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, NoPlace> {
        let address = places.public.address();
        let draining = Arc::new(Draining::default());
        let (gateway, service, io) =
            Gateway::start(services.clone(), hub.clone(), Arc::clone(&draining), settings, tasks);
        let mount = Mount {
            service,
            runtime: Handle::current(),
            origins: Arc::new(settings.origins.clone()),
            lifelines: gateway.lifelines(),
            stopping: gateway.stopping(),
            door: Door::new(services, settings),
        };
        let polling = web::Data::new(mount.clone());
        let graphql = Arc::new(GraphQl::new(settings.docs));
        let (onces, surface) = surface(&graphql, services, settings);
        let live = Live::start(services.clone(), &surface, hub.clone(), settings, tasks);
        let mounted = web::Data::from(Arc::clone(&live));
        let metrics = settings.operators.metrics.then(|| {
            let (services, hub, gateway) = (services.clone(), hub.clone(), Arc::clone(&gateway));
            let requests = Arc::<RequestFigures>::default();
            Arc::new(Metrics { services, hub, gateway, graphql, requests, version: settings.version })
        });
        let log = RequestLog::new(Handle::current(), metrics.as_ref().map(|metrics| Arc::clone(&metrics.requests)));
        let (public, operators) = operators::start(&settings.operators, places.operators, metrics, log_level, tasks)?;
        let whole_app = {
            let (services, settings) = (services.clone(), settings.clone());
            move || {
                let (polling, public, live) = (polling.clone(), public.clone(), mounted.clone());
                let extra = move |config: &mut web::ServiceConfig| {
                    let paths = [mount::PATH.to_owned(), format!("{}/", mount::PATH)];
                    let polls = web::resource(paths).app_data(RoutePattern::new(mount::PATH)).to(Mount::polling);
                    config.app_data(polling).app_data(live).service(polls);
                    public.mount(config);
                };
                app(&services, &settings, &draining, &surface, &onces, log.clone(), extra)
            }
        };
        let builder = actix_server::Server::build()
            .workers(settings.workers)
            .backlog(BACKLOG)
            .shutdown_timeout(DRAIN_REQUESTS)
            .disable_signals();
        let listener = places.public.listen(BACKLOG)?;
        let stopping = builder.graceful_shutdown_signal();
        let server = builder
            .listen("http", listener, move || {
                let (whole_app, other_app) = (whole_app.clone(), whole_app.clone());
                let (mount, stopping) = (mount.clone(), stopping.clone());
                let upgrade = fn_factory(move || {
                    let (app, mount) = (other_app.clone(), mount.clone());
                    async move {
                        let plain = map_config(app().into_factory().map_err(|error: actix_web::Error| error.error_response()), |()| AppConfig::default());
                        let other = HttpService::build()
                            .client_disconnect_timeout(Duration::from_secs(1))
                            .on_connect_ext(live::note::<Lined<TcpStream>>)
                            .h1(plain)
                            .new_service(())
                            .await?;
                        let other = Rc::new(other);
                        Ok::<_, ()>(fn_service(move |(request, framed): (Request, Framed<TcpStream, h1::Codec>)| {
                            let (other, mount) = (Rc::clone(&other), mount.clone());
                            async move {
                                if mount::is_socket_io(request.path()) {
                                    if let Err(error) = mount.websocket(request, framed).await {
                                        tracing::debug!(error.cause = %error, "a websocket went away while it was opened");
                                    }
                                } else {
                                    let peer = request.peer_addr();
                                    if let Err(error) = other.call((Line::new(mount::rewind(&request, framed)), peer)).await {
                                        tracing::debug!(error.cause = %error, "an upgraded connection ended");
                                    }
                                }
                                Ok::<(), actix_web::Error>(())
                            }
                        }))
                    }
                });
                HttpService::build()
                    .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
                    .client_request_timeout(HEAD_TIMEOUT)
                    .client_disconnect_timeout(Duration::from_secs(1))
                    .h1_allow_half_closed(false) // else an aborted poll is not cancelled, and the next one ends its session
                    .tcp_nodelay(true)
                    .local_addr(address)
                    .graceful_shutdown_signal(move || {
                        let stopping = stopping.clone();
                        async move { stopping.notified().await }
                    })
                    .upgrade(upgrade)
                    .finish(map_config(
                        whole_app().into_factory().map_err(|error: actix_web::Error| error.error_response()),
                        |()| AppConfig::default(),
                    ))
                    .tcp()
            })
            .map_err(NoPlace::at(address))?
            .run();
        let handle = server.handle();
        tasks.spawn(serve(server));
        Ok(Self { address, handle, gateway, io, operators, live })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where operators are listened to, if anywhere but there.
    #[must_use]
    pub fn operators_address(&self) -> Option<SocketAddr> {
        self.operators.as_ref().map(Listener::address)
    }

    /// Stops in good order, within about ten seconds whatever the clients do: readiness falls, after a while no socket is
    /// let in, those that are there are closed in slices so that they reconnect elsewhere, no connection is accepted,
    /// requests are finished.
    pub async fn stop(self) {
        self.gateway.give_notice().await;
        // Connections are accepted until then: a client that polls opens a new one for the very poll that tells it to go.
        tokio::join!(self.gateway.drain(&self.io), self.live.drain());
        self.handle.pause().await;
        self.handle.stop(true).await;
        if let Some(operators) = self.operators {
            operators.stop().await;
        }
    }
}

/// The GraphQL surface, and what it shares with REST: which requests were done before.
fn surface(graphql: &Arc<GraphQl>, services: &Services, settings: &HttpSettings) -> (Arc<Onces>, web::Data<Surface>) {
    let onces = Arc::new(Onces::new(Arc::clone(&services.store), Arc::clone(&services.clock)));
    let surface = Surface::new(graphql, services, &onces, settings.docs);
    (onces, web::Data::new(surface))
}

async fn serve(server: actix_server::Server) {
    if let Err(error) = server.await {
        tracing::error!(error.cause = %error, "the HTTP server failed");
    }
}
