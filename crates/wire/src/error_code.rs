//! The catalogue of error codes that serves every surface.

use serde::Serialize;
use utoipa::ToSchema;

macro_rules! catalogue {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $code:literal, $status:literal, $title:literal;)+) => {
        /// What went wrong, as programs read it. Codes are stable: none changes its meaning or its status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $($(#[doc = $meaning])+ $variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code's stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// A short name for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// When it is given and what to do about it.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),+),)+ }
            }
        }
    };
}

catalogue! {
    /// The body is not JSON at all. Nothing was done.
    MalformedJson = "malformed_json", 400, "Malformed JSON";
    /// The request line, a header or the query cannot be read. Nothing was done.
    BadRequest = "bad_request", 400, "Bad request";
    /// No access token, or one that proves nothing: malformed, foreign, or of a login that was ended. Sign in again.
    Unauthenticated = "unauthenticated", 401, "Not signed in";
    /// The access token was good and has run out. Refresh it and try again.
    TokenExpired = "token_expired", 401, "Access token expired";
    /// The e-mail or the password is wrong; which one is not told.
    InvalidCredentials = "invalid_credentials", 401, "Wrong e-mail or password";
    /// You are known, and may not do this.
    Forbidden = "forbidden", 403, "Forbidden";
    /// There is no such thing, or you may not know of it.
    NotFound = "not_found", 404, "Not found";
    /// The path exists, but not for this method; `Allow` names those it has.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// It clashes with what is there already.
    Conflict = "conflict", 409, "Conflict";
    /// The body or the frame is larger than 256 KiB. Nothing was done.
    PayloadTooLarge = "payload_too_large", 413, "Payload too large";
    /// Bodies must be `application/json`, and come without a `Content-Encoding`.
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported media type";
    /// GraphQL only: the document is too large, too deep, or asks for too much at once. Nothing was done.
    QueryTooComplex = "query_too_complex", 400, "Query too complex";
    /// GraphQL only: the document whose hash was sent is not known here. Send it again with its text.
    PersistedQueryNotFound = "persisted_query_not_found", 404, "Persisted query not found";
    /// GraphQL subscriptions only: what came after this position is not kept any more, or is not there yet. Read the session
    /// afresh, and subscribe from its `lastPosition` on.
    NotRecovered = "not_recovered", 410, "Too far back";
    /// A field is missing, unknown, of the wrong type or breaks a rule; `errors` names each. Nothing was done.
    ValidationFailed = "validation_failed", 422, "Validation failed";
    /// The `Idempotency-Key` was used for another request before.
    IdempotencyMismatch = "idempotency_mismatch", 422, "Idempotency key reused";
    /// A request with this `Idempotency-Key` is still running. Its answer will be given to a later try.
    IdempotencyInProgress = "idempotency_in_progress", 409, "Request in progress";
    /// Sockets only: the session must be joined first.
    NotJoined = "not_joined", 409, "Session not joined";
    /// Too much at once. Wait for `Retry-After` (sockets: `retryAfterMs`) and try again.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// Sockets only: there is no such event.
    UnknownEvent = "unknown_event", 404, "Unknown event";
    /// Something went wrong on our side. The log has the cause under the request id.
    Internal = "internal", 500, "Internal error";
    /// The database is away or the server is too busy or stopping. Nothing was acknowledged; try again shortly.
    Unavailable = "unavailable", 503, "Temporarily unavailable";
}

impl ErrorCode {
    /// Where the documentation explains it.
    #[must_use]
    pub fn documentation(self) -> String {
        format!("/docs/errors#{}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_written_as_it_is_named() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
