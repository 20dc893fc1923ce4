//! One path with its methods. It answers a method that it does not have with 405 and `Allow`, and tells the request
//! log its pattern.

use actix_web::{
    HttpResponse, Resource, Route, guard,
    http::{Method, header::HeaderValue},
    web,
};

use crate::{problem::Failure, request_log::RoutePattern};

/// The path `pattern` with these routes, each for its methods. What can be got can be asked for its head.
pub(crate) fn resource(pattern: &str, routes: impl IntoIterator<Item = (Method, Route)>) -> Resource {
    resource_at(pattern, pattern, routes)
}

/// The same, at its place in a scope.
pub(crate) fn resource_at(pattern: &str, place: &str, routes: impl IntoIterator<Item = (Method, Route)>) -> Resource {
    let mut resource = web::resource(place).app_data(RoutePattern::new(pattern));
    let mut allowed = Vec::new();
    for (method, route) in routes {
        allowed.push(method.to_string());
        let also = if method == Method::GET { Method::HEAD } else { method.clone() };
        if also != method {
            allowed.push(also.to_string());
        }
        let asked = guard::fn_guard(move |context| {
            let given = &context.head().method;
            *given == method || *given == also
        });
        resource = resource.route(route.guard(asked));
    }
    let allow = HeaderValue::from_str(&allowed.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""));
    resource.default_service(web::to(move || {
        let failure = Failure::method_not_allowed(allow.clone());
        async { Err::<HttpResponse, _>(failure) }
    }))
}
