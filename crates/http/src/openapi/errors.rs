//! How operations refuse. What follows from an operation's kind is added here; what is its own, it describes itself.

use rondo_wire::{ErrorCode, Fault, view::Problem};
use serde_json::{Value, to_value};
use utoipa::openapi::{
    Components, Content, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema, SecurityRequirement,
    content::ContentBuilder,
    example::{Example, ExampleBuilder},
    path::{Operation, ParameterIn},
};

use super::{described, operations};
use crate::problem::MEDIA_TYPE;

/// A refusal that many operations share.
pub(super) struct Common {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) codes: &'static [ErrorCode],
}

impl Common {
    fn status(&self) -> u16 {
        self.codes.first().map_or(500, |code| code.status())
    }
}

const MALFORMED: Common = Common {
    name: "Malformed",
    description: "The body is not JSON, or did not arrive whole",
    codes: &[ErrorCode::MalformedJson, ErrorCode::BadRequest],
};
const UNAUTHENTICATED: Common = Common {
    name: "Unauthenticated",
    description: "No access token, or one that is not good (any more)",
    codes: &[ErrorCode::Unauthenticated, ErrorCode::TokenExpired],
};
const NOT_FOUND: Common = Common {
    name: "NotFound",
    description: "There is no such thing, or the caller may not know of it",
    codes: &[ErrorCode::NotFound],
};
const TOO_LARGE: Common = Common {
    name: "PayloadTooLarge",
    description: "The body is larger than 256 KiB",
    codes: &[ErrorCode::PayloadTooLarge],
};
const NO_JSON: Common = Common {
    name: "UnsupportedMediaType",
    description: "The body does not come as JSON",
    codes: &[ErrorCode::UnsupportedMediaType],
};
const INVALID: Common = Common {
    name: "ValidationFailed",
    description: "Fields or parameters that are missing, unknown or break a rule; `errors` names each",
    codes: &[ErrorCode::ValidationFailed],
};
const LIMITED: Common = Common {
    name: "RateLimited",
    description: "Too much at once; `Retry-After` says when to come back",
    codes: &[ErrorCode::RateLimited],
};
const INTERNAL: Common =
    Common { name: "Internal", description: "Something went wrong on our side", codes: &[ErrorCode::Internal] };
const UNAVAILABLE: Common = Common {
    name: "Unavailable",
    description: "The database is away, or the server is too busy or stopping; nothing was acknowledged",
    codes: &[ErrorCode::Unavailable],
};

/// Describes every refusal of every operation.
pub(super) fn describe(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for common in [MALFORMED, UNAUTHENTICATED, NOT_FOUND, TOO_LARGE, NO_JSON, INVALID, LIMITED, INTERNAL, UNAVAILABLE] {
        components.responses.insert(common.name.to_owned(), RefOr::T(shared(&common)));
    }
    explain_codes(components);
    for (path, _, operation) in operations(document) {
        for response in &mut operation.responses.responses {
            own(response);
        }
        for common in commons(path, operation) {
            let reference = RefOr::Ref(Ref::from_response_name(common.name));
            operation.responses.responses.entry(common.status().to_string()).or_insert(reference);
        }
    }
}

/// The refusals that follow from an operation's kind.
fn commons(path: &str, operation: &Operation) -> Vec<Common> {
    let has = |place| {
        let parameters = operation.parameters.iter().flatten();
        parameters
            .filter_map(|parameter| if let RefOr::T(parameter) = parameter { Some(parameter) } else { None })
            .any(|parameter| parameter.parameter_in == place)
    };
    let mut commons = vec![INTERNAL];
    if path.starts_with("/api/") {
        commons.extend([LIMITED, UNAVAILABLE]);
    }
    if is_secured(operation) {
        commons.push(UNAUTHENTICATED);
    }
    if operation.request_body.is_some() {
        commons.extend([MALFORMED, TOO_LARGE, NO_JSON, INVALID]);
    }
    if has(ParameterIn::Query) {
        commons.push(INVALID);
    }
    if has(ParameterIn::Path) {
        commons.push(NOT_FOUND);
    }
    commons
}

/// Whether an operation is for signed-in people alone.
pub(super) fn is_secured(operation: &Operation) -> bool {
    let nobody = SecurityRequirement::default();
    operation.security.as_ref().is_some_and(|ways| !ways.is_empty() && !ways.contains(&nobody))
}

/// The answer that many operations share.
pub(super) fn shared(common: &Common) -> Response {
    let mut response = ResponseBuilder::new().description(common.description).build();
    response.content.insert(MEDIA_TYPE.to_owned(), RefOr::T(content(common.codes)));
    add_headers(&mut response, common.status());
    response
}

/// A refusal that an operation describes itself: its media type, an example and its headers follow from its status. An
/// example that is a mere code stands for the whole problem.
fn own((status, response): (&String, &mut RefOr<Response>)) {
    let (Ok(status), RefOr::T(response)) = (status.parse::<u16>(), response) else { return };
    let is_problem = |content: &RefOr<Content>| match content {
        RefOr::T(content) => content.schema == Some(RefOr::Ref(Ref::from_schema_name("Problem"))),
        RefOr::Ref(_) => false,
    };
    if status < 400 || !response.content.values().any(is_problem) {
        return;
    }
    let named = response.content.values().find_map(|content| match content {
        RefOr::T(Content { example: Some(Value::String(code)), .. }) => code_named(code),
        _ => None,
    });
    let code = named.or_else(|| ErrorCode::ALL.iter().copied().find(|code| code.status() == status));
    response.content.clear();
    response.content.insert(MEDIA_TYPE.to_owned(), RefOr::T(content(code.as_slice())));
    add_headers(response, status);
}

fn code_named(name: &str) -> Option<ErrorCode> {
    ErrorCode::ALL.iter().copied().find(|code| code.as_str() == name)
}

fn add_headers(response: &mut Response, status: u16) {
    let retry_after = ("Retry-After", "After how many seconds to try again");
    let headers: &[_] = match status {
        401 => &[("WWW-Authenticate", "`Bearer`, with `error=\"invalid_token\"` when a token was sent")],
        429 => &[
            retry_after,
            ("RateLimit-Policy", "The limits that were counted, like `\"messages\";q=30;w=3`: 30 in 3 seconds"),
            ("RateLimit", "What is left of each, and in how many seconds more, like `\"messages\";r=0;t=1`"),
        ],
        503 => &[retry_after],
        _ => return,
    };
    for (name, description) in headers {
        response.headers.insert((*name).to_owned(), RefOr::T(described(description)));
    }
}

fn content(codes: &[ErrorCode]) -> Content {
    let examples = codes.iter().map(|code| (code.as_str(), RefOr::T(named_example(*code))));
    ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples).build()
}

/// Adds a code to those with which an operation refuses.
pub(super) fn add_example(response: &mut Response, code: ErrorCode) {
    for content in response.content.values_mut() {
        if let RefOr::T(content) = content {
            content.examples.insert(code.as_str().to_owned(), RefOr::T(named_example(code)));
        }
    }
}

fn named_example(code: ErrorCode) -> Example {
    ExampleBuilder::new().summary(code.title()).description(code.meaning().trim()).value(Some(example(code))).build()
}

fn example(code: ErrorCode) -> Value {
    let fault = match code {
        ErrorCode::ValidationFailed => Fault::field("name", "required", "must not be blank"),
        _ => Fault::new(code, code.meaning().trim()),
    };
    to_value(Problem::new(fault, "019c0e3a-5c00-7000-8000-000000000000".to_owned())).unwrap_or_default()
}

/// Lists the catalogue where the codes are described.
fn explain_codes(components: &mut Components) {
    if let Some(RefOr::T(Schema::Object(codes))) = components.schemas.get_mut("ErrorCode") {
        let lines = ErrorCode::ALL
            .iter()
            .map(|code| format!("- `{}` ({}): {}", code.as_str(), code.status(), code.meaning().trim()));
        let lines: Vec<_> = lines.collect();
        codes.description = Some(format!("What went wrong, as programs read it.\n\n{}", lines.join("\n")));
    }
}
