//! What the fuzzers see of this crate; nothing else uses it.

use std::net::IpAddr;

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR};

use crate::{etag, extract::bearer_in, gateway, graphql::live, state::TrustedProxies};

/// A message of `graphql-transport-ws` that was understood.
#[derive(Debug)]
pub struct Spoken {
    /// The name of the operation that it is about.
    pub id: Option<String>,
    /// The document that it brings, unless it names one by its hash alone.
    pub query: Option<String>,
}

/// Reads a message of `graphql-transport-ws`; `None` where it closes the connection.
#[must_use]
pub fn graphql_message(text: &str) -> Option<Spoken> {
    let (id, query) = live::read(text)?;
    Some(Spoken { id, query })
}

/// Reads the arguments of a Socket.IO event: its name, and its only argument as it stands in the text.
#[must_use]
pub fn socket_arguments(text: &str) -> (String, Option<&str>) {
    gateway::read_event(text)
}

/// Whether an `If-None-Match` names this tag, quotes and all.
#[must_use]
pub fn names_tag(field: &[u8], tag: &[u8]) -> bool {
    etag::names(field, tag)
}

/// The token in an `Authorization` header.
#[must_use]
pub fn bearer(credentials: &str) -> Option<&str> {
    bearer_in(credentials)
}

/// The client for whom a peer speaks, by what stands in `X-Forwarded-For` and in `Forwarded`, as far as the proxies are
/// believed.
#[must_use]
pub fn client(proxies: &TrustedProxies, peer: IpAddr, forwarded_for: &[u8], forwarded: &[u8]) -> IpAddr {
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, text: &[u8]| {
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::from_bytes(text)) {
            headers.append(name, value);
        }
    };
    add(X_FORWARDED_FOR, forwarded_for);
    add(FORWARDED, forwarded);
    proxies.client(peer, &headers)
}
