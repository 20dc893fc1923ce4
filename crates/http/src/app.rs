//! The application that every worker serves: the operations, the documents, and what goes around them.

use std::sync::Arc;

use actix_web::{
    App, Error, HttpResponse,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    web::{self, Data},
};
use rondo_domain::idempotency::Onces;
use rondo_wire::{ErrorCode, Fault};

use crate::{
    cookies::RefreshCookies,
    cors::CrossOrigin,
    docs,
    graphql::{self, Surface},
    limits::{Door, Limited},
    problem::Failure,
    request_log::RequestLog,
    rest::{self, LiveAnswer, Release},
    state::{Draining, HttpSettings, Services},
};

/// Mounts all of REST and the documents, with what the handlers stand on.
pub(crate) fn configure(
    services: &Services,
    settings: &HttpSettings,
    draining: &Arc<Draining>,
    surface: &Data<Surface>,
    onces: &Arc<Onces>,
) -> impl Fn(&mut web::ServiceConfig) + Clone + use<> {
    let accounts = Data::from(Arc::clone(&services.accounts));
    let sessions = Data::from(Arc::clone(&services.sessions));
    let messages = Data::from(Arc::clone(&services.messages));
    let members = Data::from(Arc::clone(&services.members));
    let invitations = Data::from(Arc::clone(&services.invitations));
    let notifications = Data::from(Arc::clone(&services.notifications));
    let presences = Data::from(Arc::clone(&services.presences));
    let answers = Data::new(services.answers.clone());
    let store = Data::from(Arc::clone(&services.store));
    let surface = surface.clone();
    let onces = Data::from(Arc::clone(onces));
    let vitals = Data::from(Arc::clone(&services.vitals));
    let limits = Data::from(Arc::clone(&services.limits));
    let proxies = Data::new(settings.trusted_proxies.clone());
    let draining = Data::from(Arc::clone(draining));
    let cookies = Data::new(RefreshCookies::new(settings.secure_cookies, settings.origins.clone()));
    let live = Data::new(LiveAnswer::new(settings.version));
    let release = Data::new(Release(settings.version));
    let documented = settings.docs;
    move |config| {
        config
            .app_data(accounts.clone())
            .app_data(sessions.clone())
            .app_data(messages.clone())
            .app_data(members.clone())
            .app_data(invitations.clone())
            .app_data(notifications.clone())
            .app_data(presences.clone())
            .app_data(onces.clone())
            .app_data(answers.clone())
            .app_data(store.clone())
            .app_data(vitals.clone())
            .app_data(limits.clone())
            .app_data(proxies.clone())
            .app_data(draining.clone())
            .app_data(cookies.clone())
            .app_data(live.clone())
            .app_data(release.clone())
            .app_data(surface.clone())
            .configure(rest::mount)
            .configure(graphql::mount);
        if documented {
            config.configure(docs::mount).configure(graphql::mount_documents);
        }
        config.default_service(web::to(unknown));
    }
}

/// The whole application. `extra` mounts what else shall be served on the same address.
pub(crate) fn app<E>(
    services: &Services,
    settings: &HttpSettings,
    draining: &Arc<Draining>,
    surface: &Data<Surface>,
    onces: &Arc<Onces>,
    log: RequestLog,
    extra: E,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>
    + use<E>,
>
where
    E: FnOnce(&mut web::ServiceConfig),
{
    App::new()
        .configure(configure(services, settings, draining, surface, onces))
        .configure(extra)
        .wrap(Limited::new(Door::new(services, settings)))
        .wrap(CrossOrigin::new(&settings.origins))
        .wrap(log)
}

async fn unknown() -> Result<HttpResponse, Failure> {
    Err(Fault::new(ErrorCode::NotFound, "There is nothing at this address.").into())
}
