//! Refusals over REST: `application/problem+json` (RFC 9457).

use serde::Serialize;
use utoipa::ToSchema;

use crate::{ErrorCode, Fault, FieldError};

/// Why a request was refused (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"type": "/docs/errors#validation_failed", "title": "Validation failed", "status": 422, "detail": "name: must not be blank", "code": "validation_failed", "requestId": "019c0e3a-5c00-7000-8000-000000000000", "errors": [{"field": "name", "code": "required", "message": "must not be blank"}]}))]
pub struct Problem {
    /// Where the documentation explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's name for people.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A sentence for people.
    pub detail: String,
    /// The code from the catalogue.
    pub code: ErrorCode,
    /// The request, to find it in the log; as in `X-Request-Id`.
    pub request_id: String,
    /// The refused fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// The problem that tells of a fault.
    #[must_use]
    pub fn new(fault: Fault, request_id: String) -> Self {
        Self {
            kind: fault.code.documentation(),
            title: fault.code.title(),
            status: fault.code.status(),
            detail: fault.detail,
            code: fault.code,
            request_id,
            errors: fault.errors,
        }
    }
}
