//! Answers that can be given again: handlers make them of an outcome, see [`crate::idempotency::Once::run`].

use rondo_domain::idempotency::StoredAnswer;
use serde::Serialize;

/// 200 with a view.
pub(super) fn ok(view: &impl Serialize) -> StoredAnswer {
    StoredAnswer { status: 200, location: None, body: json(view) }
}

/// 201 with a view.
pub(super) fn created(view: &impl Serialize) -> StoredAnswer {
    StoredAnswer { status: 201, ..ok(view) }
}

/// 201 with a view, and where that is from now on.
pub(super) fn created_at(location: String, view: &impl Serialize) -> StoredAnswer {
    StoredAnswer { location: Some(location), ..created(view) }
}

/// 204.
pub(super) fn no_content() -> StoredAnswer {
    StoredAnswer { status: 204, location: None, body: String::new() }
}

/// Views have names for keys and nothing that JSON could not hold, so they cannot fail to be written.
pub(super) fn json(view: &impl Serialize) -> String {
    serde_json::to_string(view).unwrap_or_default()
}
