//! What the inputs have in common: ids, and fields that cannot be emptied.

use std::str::FromStr;

use async_graphql::{ID, MaybeUndefined};
use rondo_domain::invalid::{Check, Reason};

/// The id in a field. One thing has one name: the parser would also take braces, URNs and no hyphens.
pub(super) fn id<T: FromStr>(check: &mut Check, field: &str, raw: &ID) -> Option<T> {
    let parsed = Some(raw.as_str()).filter(|text| text.len() == 36).and_then(|text| text.parse().ok());
    check.field(field, parsed.ok_or_else(|| Reason::new("invalid_format", "must be a UUID")))
}

/// A field that may be left out or set, and cannot be emptied.
pub(super) fn settable<T>(check: &mut Check, field: &str, given: MaybeUndefined<T>) -> Option<T> {
    match given {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Value(value) => Some(value),
        MaybeUndefined::Null => check.field(field, Err(Reason::new("wrong_type", "must not be null"))),
    }
}
