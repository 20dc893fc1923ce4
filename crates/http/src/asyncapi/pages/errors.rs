//! `docs/errors.md`: the catalogue of error codes, and on which surfaces each is met.

use std::fmt::Write as _;

use rondo_wire::ErrorCode;

use super::head;
use crate::asyncapi::{
    facts::{REFUSALS, table},
    sent::{ANY, Sent, UNKNOWN, sent},
};

/// The page of the error codes.
#[must_use]
pub fn errors_page() -> String {
    let sent = sent();
    let mut page = head("Errors", "errors");
    page.push_str(include_str!("errors.md"));
    page.push('\n');
    page.push_str(&table(&["code", "status", "", "REST", "Socket.IO", "GraphQL"]));
    for code in ErrorCode::ALL {
        let Http { rest, graphql } = http(*code);
        let [rest, socket, graphql] =
            [rest, on_sockets(*code, &sent).is_some(), graphql].map(|met| if met { "yes" } else { "" });
        let (name, status, title) = (code.as_str(), code.status(), code.title());
        let _infallible =
            writeln!(page, "| [`{name}`](#{name}) | {status} | {title} | {rest} | {socket} | {graphql} |");
    }
    for code in ErrorCode::ALL {
        let (name, status, title) = (code.as_str(), code.status(), code.title());
        let _infallible = writeln!(page, "\n## {name}\n\n**{status} {title}.** {}", code.meaning().trim());
        if let Some(place) = on_sockets(*code, &sent) {
            let _infallible = writeln!(page, "\nOver Socket.IO: {place}.");
        }
    }
    page.trim_end().to_owned()
}

/// Whether a code is met over REST, and over GraphQL.
struct Http {
    rest: bool,
    graphql: bool,
}

const fn http(code: ErrorCode) -> Http {
    use ErrorCode as C;
    match code {
        C::MalformedJson
        | C::BadRequest
        | C::Unauthenticated
        | C::TokenExpired
        | C::InvalidCredentials
        | C::Forbidden
        | C::NotFound
        | C::MethodNotAllowed
        | C::Conflict
        | C::PayloadTooLarge
        | C::UnsupportedMediaType
        | C::ValidationFailed
        | C::IdempotencyMismatch
        | C::IdempotencyInProgress
        | C::RateLimited
        | C::Internal
        | C::Unavailable => Http { rest: true, graphql: true },
        C::QueryTooComplex | C::PersistedQueryNotFound | C::NotRecovered => Http { rest: false, graphql: true },
        C::NotJoined | C::UnknownEvent => Http { rest: false, graphql: false },
    }
}

/// Where a code is met over Socket.IO; `None` where it is not.
fn on_sockets(code: ErrorCode, sent: &[Sent]) -> Option<String> {
    let mut places = Vec::new();
    if REFUSALS.iter().any(|(refusal, _)| *refusal == code) {
        places.push("`connect_error`".to_owned());
    }
    if ANY.contains(&code) {
        places.push("any event".to_owned());
    } else {
        let own = sent.iter().filter(|event| event.errors.contains(&code));
        places.extend(own.map(|event| format!("`{}`", event.event.name())));
    }
    if code == UNKNOWN {
        places.push("an event that does not exist".to_owned());
    }
    (!places.is_empty()).then(|| places.join(", "))
}
