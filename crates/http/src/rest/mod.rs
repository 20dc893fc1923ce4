//! The REST operations, one per file, at a path that mirrors the URL. Each file's `handle` is an operation; its
//! `#[utoipa::path]` is where its method and path are written, for the document and for the routes alike.

mod answer;
mod auth;
mod health;
mod invitations;
mod notifications;
mod sessions;
#[cfg(test)]
mod tests;
mod users;

use actix_web::{Route, http::Method, web};
use utoipa::{OpenApi, Path, openapi::HttpMethod};

pub(crate) use health::{LiveAnswer, PATIENCE, Release};

use crate::{
    extract::in_order,
    resource::{resource, resource_at},
};

/// One method of one path, and what answers it.
struct Operation {
    path: String,
    methods: Vec<HttpMethod>,
    route: Route,
}

/// Makes the routes and the document out of one list of modules, so that neither can know an operation that the other
/// does not.
macro_rules! operations {
    ($($($segment:ident)::+,)+) => {
        /// The operations as a document, without what is common to all: see [`mod@crate::openapi`].
        #[derive(OpenApi)]
        #[openapi(paths($($($segment)::+::handle),+))]
        pub(crate) struct Operations;

        fn operations() -> Vec<Operation> {
            vec![$(Operation {
                path: <$($segment)::+::__path_handle as Path>::path(),
                methods: <$($segment)::+::__path_handle as Path>::methods(),
                route: web::route().to(in_order($($segment)::+::handle)),
            }),+]
        }
    };
}

operations! {
    health::live,
    health::ready,
    health::health,
    auth::register,
    auth::login,
    auth::refresh,
    auth::logout,
    auth::password,
    auth::logins::list,
    auth::logins::delete,
    users::me::get,
    users::me::update,
    users::list,
    sessions::list,
    sessions::create,
    sessions::list_public,
    sessions::get,
    sessions::update,
    sessions::delete,
    sessions::join,
    sessions::leave,
    sessions::members::list,
    sessions::members::update,
    sessions::members::delete,
    sessions::messages::list,
    sessions::messages::create,
    sessions::messages::update,
    sessions::messages::delete,
    sessions::read,
    sessions::events::list,
    sessions::presence,
    sessions::invitations,
    invitations::create,
    invitations::list,
    invitations::accept,
    invitations::decline,
    invitations::delete,
    notifications::list,
    notifications::read,
    notifications::read_all,
}

/// Mounts every operation.
pub(crate) fn mount(config: &mut web::ServiceConfig) {
    let mut paths: Vec<(String, Vec<(Method, Route)>)> = Vec::new();
    for Operation { path, methods, route } in operations() {
        let Some(method) = methods.first().and_then(served) else { continue };
        match paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, routes)) => routes.push((method, route)),
            None => paths.push((path, vec![(method, route)])),
        }
    }
    let (named, plain): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(path, _)| path.contains('{'));
    for (path, routes) in plain {
        config.service(resource(&path, routes));
    }
    for (root, paths) in by_root(named) {
        let scope = paths.into_iter().fold(web::scope(&root), |scope, (path, routes)| {
            scope.service(resource_at(&path, &path[root.len()..], routes))
        });
        config.service(scope);
    }
}

/// A path and what answers there.
type Place = (String, Vec<(Method, Route)>);

/// Gathers paths under what they have in common up to their first name, so that the router asks for that once, and then
/// mostly compares texts: it tries one expression after the other, and each costs a microsecond.
fn by_root(paths: Vec<Place>) -> Vec<(String, Vec<Place>)> {
    let mut roots: Vec<(String, Vec<Place>)> = Vec::new();
    for (path, routes) in paths {
        let end = path.find('}').map_or(path.len(), |end| end + 1);
        match roots.iter_mut().find(|(root, _)| *root == path[..end]) {
            Some((_, places)) => places.push((path, routes)),
            None => roots.push((path[..end].to_owned(), vec![(path, routes)])),
        }
    }
    for (root, places) in &mut roots {
        places.sort_by_key(|(path, _)| path[root.len()..].contains('{')); // texts first
    }
    roots
}

fn served(documented: &HttpMethod) -> Option<Method> {
    match documented {
        HttpMethod::Get => Some(Method::GET),
        HttpMethod::Post => Some(Method::POST),
        HttpMethod::Put => Some(Method::PUT),
        HttpMethod::Patch => Some(Method::PATCH),
        HttpMethod::Delete => Some(Method::DELETE),
        HttpMethod::Head | HttpMethod::Options | HttpMethod::Trace => None,
    }
}
