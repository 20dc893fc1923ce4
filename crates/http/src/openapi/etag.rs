//! What an `ETag` means: one rule for all that is read.

use utoipa::openapi::{
    HttpMethod, ObjectBuilder, OpenApi, Ref, RefOr, Response, Type,
    path::{Parameter, ParameterBuilder, ParameterIn},
};

use super::{described, operations};
use crate::etag::is_tagged;

/// Describes the header, how it is sent back, and what comes of it.
pub(super) fn describe(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let tag = "What this body is told from others by; `Cache-Control: private, no-cache` lets the client keep it";
    components.headers.insert("ETag".to_owned(), RefOr::T(described(tag)));
    components.parameters.insert("IfNoneMatch".to_owned(), RefOr::T(parameter()));
    let mut unchanged = Response::new("The client has this body already, by an `ETag` that it named");
    tag_response(&mut unchanged);
    components.responses.insert("NotModified".to_owned(), RefOr::T(unchanged));
    for (path, method, operation) in operations(document) {
        if method != HttpMethod::Get || !is_tagged(path) {
            continue;
        }
        let parameter = RefOr::Ref(Ref::new("#/components/parameters/IfNoneMatch"));
        operation.parameters.get_or_insert_default().push(parameter);
        let responses = &mut operation.responses.responses;
        if let Some(RefOr::T(response)) = responses.get_mut("200") {
            tag_response(response);
        }
        responses.insert("304".to_owned(), RefOr::Ref(Ref::from_response_name("NotModified")));
    }
}

fn tag_response(response: &mut Response) {
    response.headers.insert("ETag".to_owned(), RefOr::Ref(Ref::new("#/components/headers/ETag")));
}

fn parameter() -> Parameter {
    ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .description(Some("The `ETag`s of what the client has already: if one of them still holds, the answer is 304."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}
