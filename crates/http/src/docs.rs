//! The documents for people and programs, as far as they are served: the OpenAPI and AsyncAPI documents, Swagger UI from
//! the binary itself, and the catalogue of errors.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use actix_web::{
    HttpRequest, HttpResponse, Route,
    http::{
        Method,
        header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    web,
};
use bytes::Bytes;
use rondo_wire::{ErrorCode, Fault};
use utoipa_swagger_ui::Config;

use crate::{asyncapi::asyncapi, openapi::openapi, problem::Failure, resource::resource};

/// Scripts, styles and calls of this server alone. Swagger UI writes styles into its elements and pictures into its
/// styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const INDEX: &str = include_str!("docs.html");

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| openapi().to_json().unwrap_or_default().into());

static ASYNCAPI: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&asyncapi()).unwrap_or_default().into());

static ERRORS: LazyLock<Bytes> = LazyLock::new(|| catalogue().into());

static SWAGGER: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config = Config::from("/api/openapi.json")
        .use_base_layout()
        .persist_authorization(true)
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .display_operation_id(true)
        .default_models_expand_depth(0)
        .validator_url("none"); // the document goes to nobody else
    Arc::new(config)
});

/// Mounts them.
pub(crate) fn mount(config: &mut web::ServiceConfig) {
    let got = |route: Route| [(Method::GET, route)];
    config
        .service(resource("/api/openapi.json", got(web::to(document))))
        .service(resource("/api/asyncapi.json", got(web::to(asyncapi_document))))
        .service(resource("/docs", got(web::to(index))))
        .service(resource("/docs/", got(web::to(index))))
        .service(resource("/docs/errors", got(web::to(errors))))
        .service(resource("/docs/{file}", got(web::to(asset))));
}

async fn document() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(DOCUMENT.clone())
}

async fn asyncapi_document() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(ASYNCAPI.clone())
}

async fn index() -> HttpResponse {
    page(Bytes::from_static(INDEX.as_bytes()))
}

async fn errors() -> HttpResponse {
    page(ERRORS.clone())
}

fn page(html: Bytes) -> HttpResponse {
    let kind = (CONTENT_TYPE, "text/html; charset=utf-8");
    HttpResponse::Ok().insert_header(kind).insert_header((CONTENT_SECURITY_POLICY, POLICY)).body(html)
}

/// A file of Swagger UI. Its own index is not given: ours works with and without the slash at the end.
async fn asset(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let name = request.match_info().get("file").filter(|name| !name.contains(".html")).unwrap_or_default();
    let file = if name.is_empty() { Ok(None) } else { utoipa_swagger_ui::serve(name, Arc::clone(&SWAGGER)) };
    let file = file.map_err(|error| Fault::internal(error.to_string()))?;
    let file = file.ok_or_else(|| Fault::new(ErrorCode::NotFound, "There is nothing at this address."))?;
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, file.content_type)).insert_header((CACHE_CONTROL, "public, max-age=3600"));
    if file.gzpipped {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(bytes))
}

/// The catalogue of errors as a page, each under the anchor to which a problem's `type` leads.
fn catalogue() -> String {
    let mut page = include_str!("errors.html").to_owned();
    let entries = ErrorCode::ALL.iter().map(|code| {
        let (name, status, title) = (code.as_str(), code.status(), code.title());
        let meaning = code.meaning().trim().replace('&', "&amp;").replace('<', "&lt;");
        format!(
            "<section id=\"{name}\"><h2><a href=\"#{name}\">{name}</a></h2>\
             <p><b>{status}</b> {title}</p><p>{meaning}</p></section>\n"
        )
    });
    let entries: String = entries.collect();
    page = page.replace("<!-- catalogue -->", &entries);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn programs_read_what_sockets_speak() {
        use actix_web::test::{TestRequest, call_and_read_body_json, init_service};

        let app = init_service(actix_web::App::new().configure(mount)).await;
        let request = TestRequest::get().uri("/api/asyncapi.json").to_request();
        let document: serde_json::Value = call_and_read_body_json(&app, request).await;
        assert_eq!(document["asyncapi"], "3.0.0");
    }

    #[test]
    fn the_type_of_every_problem_leads_to_its_explanation() {
        let page = catalogue();
        for code in ErrorCode::ALL {
            let (path, anchor) =
                code.documentation().split_once('#').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
            assert_eq!(path, "/docs/errors");
            assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
        }
    }

    #[test]
    fn every_file_that_the_page_needs_is_in_the_binary() {
        let needed = INDEX.split('"').filter_map(|text| text.strip_prefix("/docs/"));
        for name in needed.clone() {
            assert!(utoipa_swagger_ui::serve(name, Arc::clone(&SWAGGER)).unwrap().is_some(), "{name}");
        }
        assert!(needed.count() >= 4);
    }
}
