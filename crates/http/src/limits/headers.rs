//! How limits are told: the header fields of draft-ietf-httpapi-ratelimit-headers, lists of structured items.

use std::fmt::Write as _;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use rondo_domain::limits::Quota;

/// Which limits an answer stands under: `"messages";q=30;w=3`.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of each: `"messages";r=29;t=1`.
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Tells of every quota that a request has used.
pub(super) fn tell<'a>(headers: &mut HeaderMap, quotas: impl Iterator<Item = &'a Quota> + Clone) {
    let [policy, state] = fields(quotas);
    for (name, value) in [(POLICY, policy), (STATE, state)] {
        if let Ok(value) = HeaderValue::try_from(value)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
}

/// The values of both fields.
pub(super) fn fields<'a>(quotas: impl Iterator<Item = &'a Quota>) -> [String; 2] {
    let (mut policy, mut state) = (String::with_capacity(64), String::with_capacity(64));
    for Quota { name, limit, window, remaining, reset_after } in quotas {
        let comma = if policy.is_empty() { "" } else { ", " };
        // Whole seconds, rounded up: who comes back at the second told is not too early.
        let reset = reset_after.as_secs() + u64::from(reset_after.subsec_nanos() > 0);
        let _infallible = write!(policy, "{comma}\"{name}\";q={limit};w={}", window.as_secs());
        let _infallible = write!(state, "{comma}\"{name}\";r={remaining};t={reset}");
    }
    [policy, state]
}
