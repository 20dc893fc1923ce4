//! Asking in GraphQL, and what the answers amount to.

use rondo_testkit::{Answer, Person, Request, Site};
use rondo_wire::ErrorCode;
use serde_json::{Value, json};

/// The type that makes the status tell whether a request could be run.
pub(super) const MEDIA: &str = "application/graphql-response+json";

pub(super) const USER: &str = "id displayName avatarUrl bio createdAt email";
pub(super) const SESSION: &str = "id name description color imageUrl visibility role memberCount lastSeq lastPosition \
                                  unreadCount lastMessageAt createdAt updatedAt";
pub(super) const PAGE: &str = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

pub(super) fn message() -> String {
    format!("id sessionId seq author {{ {USER} }} content clientMessageId replyTo createdAt editedAt deletedAt")
}

pub(super) fn membership() -> String {
    format!("sessionId user {{ {USER} }} role joinedAt")
}

pub(super) fn invitation() -> String {
    format!("id sessionId sessionName inviter {{ {USER} }} email role status expiresAt createdAt")
}

/// A request in GraphQL by nobody.
pub(super) fn ask(site: &Site, query: &str, variables: impl Into<Value>) -> Request {
    site.post("/graphql").header("accept", MEDIA).json(json!({"query": query, "variables": variables.into()}))
}

/// A request in GraphQL by somebody.
pub(super) fn ask_as(person: &Person, query: &str, variables: impl Into<Value>) -> Request {
    person.post("/graphql").header("accept", MEDIA).json(json!({"query": query, "variables": variables.into()}))
}

/// What one field of the answer holds, provided that nothing went wrong.
#[track_caller]
pub(super) fn told(answer: &Answer, field: &str) -> Value {
    answer.assert_status(200);
    assert_eq!(answer.body.get("errors"), None, "{}", answer.body);
    answer.body["data"][field].clone()
}

/// The code of the first error, if there is one.
#[track_caller]
pub(super) fn code(answer: &Answer) -> Option<ErrorCode> {
    let errors = answer.body.get("errors")?.as_array().unwrap();
    for error in errors {
        assert!(error["message"].is_string(), "{error}");
        assert_eq!(error["extensions"]["requestId"].as_str(), answer.header("x-request-id"), "{error}");
    }
    let code = &errors[0]["extensions"]["code"];
    let known = ErrorCode::ALL.iter().find(|known| *code == known.as_str());
    Some(*known.unwrap_or_else(|| panic!("{} has no code of the catalogue", answer.body)))
}

/// Insists on a refusal with this code, of a field or of the whole.
#[track_caller]
pub(super) fn assert_refused(answer: &Answer, expected: &str) {
    assert_eq!(code(answer).map(ErrorCode::as_str), Some(expected), "{}", answer.body);
}

/// Insists on a refusal of this input field, for this reason.
#[track_caller]
pub(super) fn assert_field(answer: &Answer, field: &str, reason: &str) {
    assert_refused(answer, "validation_failed");
    let error = &answer.body["errors"][0]["extensions"]["errors"][0];
    assert_eq!((error["field"].as_str(), error["code"].as_str()), (Some(field), Some(reason)), "{}", answer.body);
}
