//! The OpenAPI document: what the operations say of themselves, and what is common to all of them, by rules that are
//! written once.

mod errors;
mod etag;
mod evening;
mod examples;
mod idempotency;
#[cfg(test)]
mod tests;

use utoipa::{
    OpenApi as _,
    openapi::{
        Content, Header, HttpMethod, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, PathItem, Ref, RefOr,
        Response, Schema, Server, Tag, Type,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};

use crate::rest::Operations;

const DESCRIPTION: &str = include_str!("description.md");

const TAGS: [(&str, &str); 10] = [
    ("auth", "Signing up, in, on and out. Access tokens are short-lived; refresh tokens are spent for new pairs."),
    ("users", "People: oneself and others."),
    ("sessions", "The rooms that people share: making, finding, changing, joining and leaving them."),
    ("members", "Who is in a session, and as what."),
    ("messages", "What people write in a session, numbered 1, 2, 3 … without gap or repeat."),
    ("events", "The durable log of a session: how a client that was away catches up, without gap or repeat."),
    ("presence", "Who is in a session's room at this moment."),
    ("invitations", "Seats in sessions, offered to e-mail addresses, with or without an account."),
    ("notifications", "What somebody should know of, wherever they are."),
    ("health", "How the server is, for orchestrators and monitors."),
];

/// The whole document, OpenAPI 3.1.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut document = Operations::openapi();
    document.info = InfoBuilder::new()
        .title("Rondo")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
        .build();
    document.servers = Some(vec![Server::new("/")]);
    document.tags = Some(TAGS.map(tag).to_vec());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `accessToken` that a sign-in or a refresh answered with."))
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    allow_no_body(&mut document);
    errors::describe(&mut document);
    idempotency::describe(&mut document);
    etag::describe(&mut document);
    examples::show(&mut document);
    name_requests(&mut document);
    document
}

fn tag((name, description): (&str, &str)) -> Tag {
    TagBuilder::new().name(name).description(Some(description)).build()
}

/// A body that may be left out may not be `null` for that.
fn allow_no_body(document: &mut OpenApi) {
    for (_, _, operation) in operations(document) {
        let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
        for content in body.content.values_mut() {
            if let RefOr::T(Content { schema: Some(schema), .. }) = content
                && let RefOr::T(Schema::OneOf(ways)) = schema
                && let Some(reference @ RefOr::Ref(_)) = ways.items.first()
            {
                *schema = reference.clone();
            }
        }
    }
}

/// Every answer names its request.
fn name_requests(document: &mut OpenApi) {
    let header = described("The name under which the request is in the log: the caller's, or a new one");
    let components = document.components.get_or_insert_default();
    components.headers.insert("RequestId".to_owned(), RefOr::T(header));
    let own = operations(document).flat_map(|(_, _, operation)| operation.responses.responses.values_mut());
    for response in own {
        name_request(response);
    }
    if let Some(components) = &mut document.components {
        components.responses.values_mut().for_each(name_request);
    }
}

fn name_request(response: &mut RefOr<Response>) {
    if let RefOr::T(response) = response {
        let header = Ref::new("#/components/headers/RequestId");
        response.headers.insert("X-Request-Id".to_owned(), RefOr::Ref(header));
    }
}

/// A header that holds a text.
fn described(description: &str) -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String).build());
    header.description = Some(description.to_owned());
    header
}

/// Every operation with its path and method.
pub(crate) fn operations(document: &mut OpenApi) -> impl Iterator<Item = (&str, HttpMethod, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let PathItem { get, put, post, patch, delete, .. } = item;
        let methods = [
            (HttpMethod::Get, get),
            (HttpMethod::Post, post),
            (HttpMethod::Put, put),
            (HttpMethod::Patch, patch),
            (HttpMethod::Delete, delete),
        ];
        methods.into_iter().filter_map(move |(method, operation)| Some((path.as_str(), method, operation.as_mut()?)))
    })
}
