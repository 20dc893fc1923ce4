//! What an `Idempotency-Key` means: one rule for all operations that honour it.

use rondo_wire::ErrorCode;
use utoipa::openapi::{
    HttpMethod, ObjectBuilder, OpenApi, Ref, RefOr, Response, Type,
    path::{Operation, Parameter, ParameterBuilder, ParameterIn},
};

use super::{
    described,
    errors::{Common, add_example, is_secured, shared},
    operations,
};

const INVALID_OR_MISMATCHED: Common = Common {
    name: "ValidationFailedOrKeyReused",
    description: "Fields, parameters or an `Idempotency-Key` that are missing, unknown or break a rule; `errors` names \
        each. Or the key was used for another request before",
    codes: &[ErrorCode::ValidationFailed, ErrorCode::IdempotencyMismatch],
};
const IN_PROGRESS: Common = Common {
    name: "RequestInProgress",
    description: "A request with this `Idempotency-Key` is still running",
    codes: &[ErrorCode::IdempotencyInProgress],
};

/// Whether an operation honours the header: whatever a signed-in person changes by POST and PATCH, but their sign-ins.
fn honours(path: &str, method: &HttpMethod, operation: &Operation) -> bool {
    let changes = matches!(method, HttpMethod::Post | HttpMethod::Patch);
    changes && path.starts_with("/api/") && !path.starts_with("/api/auth/") && is_secured(operation)
}

/// Describes the header, what comes of it, and how it is refused. Called when all other refusals are described.
pub(super) fn describe(document: &mut OpenApi) {
    let replayed = "`true` when this is the answer that the first request of this `Idempotency-Key` had";
    let components = document.components.get_or_insert_default();
    components.parameters.insert("IdempotencyKey".to_owned(), RefOr::T(parameter()));
    components.headers.insert("IdempotencyReplayed".to_owned(), RefOr::T(described(replayed)));
    for common in [INVALID_OR_MISMATCHED, IN_PROGRESS] {
        let mut response = shared(&common);
        tell_when_to_return(&mut response, common.codes);
        components.responses.insert(common.name.to_owned(), RefOr::T(response));
    }
    for (path, method, operation) in operations(document) {
        if honours(path, &method, operation) {
            honour(operation);
        }
    }
}

fn honour(operation: &mut Operation) {
    let parameter = Ref::new("#/components/parameters/IdempotencyKey");
    operation.parameters.get_or_insert_default().push(RefOr::Ref(parameter));
    let responses = &mut operation.responses.responses;
    for (status, response) in &mut *responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let header = Ref::new("#/components/headers/IdempotencyReplayed");
            response.headers.insert("Idempotency-Replayed".to_owned(), RefOr::Ref(header));
        }
    }
    refuse(responses.entry("409".to_owned()), &IN_PROGRESS);
    refuse(responses.entry("422".to_owned()), &INVALID_OR_MISMATCHED);
    // Its body is read also where there should be none.
    responses.entry("413".to_owned()).or_insert_with(|| RefOr::Ref(Ref::from_response_name("PayloadTooLarge")));
}

type Entry<'a> = std::collections::btree_map::Entry<'a, String, RefOr<Response>>;

/// Adds a refusal to those that an operation describes itself, or points at `common`.
fn refuse(entry: Entry<'_>, common: &Common) {
    let shared = Ref::from_response_name(common.name);
    match entry.or_insert_with(|| RefOr::Ref(shared.clone())) {
        RefOr::T(own) => {
            common.codes.iter().for_each(|code| add_example(own, *code));
            tell_when_to_return(own, common.codes);
        }
        RefOr::Ref(reference) => *reference = shared,
    }
}

fn tell_when_to_return(response: &mut Response, codes: &[ErrorCode]) {
    if codes.contains(&ErrorCode::IdempotencyInProgress) {
        let header = described("After how many seconds to try again, while the first request is running");
        response.headers.insert("Retry-After".to_owned(), RefOr::T(header));
    }
}

fn parameter() -> Parameter {
    let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "A name of the client's own for this request, 1 to 255 visible ASCII characters, so that sending it again \
             has effect once: for 24 hours the same key and body give the first answer again.",
        ))
        .schema(Some(key.pattern(Some("^[!-~]+$"))))
        .build()
}
