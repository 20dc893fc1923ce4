//! Addresses and ports.

use std::net::{Ipv4Addr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::shell::Result;

/// How long a server on a test machine may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to `host:port`, with [`PATIENCE`] for it and for each read and write.
pub(crate) fn connect(address: &str) -> Result<TcpStream> {
    let addresses = address.to_socket_addrs().map_err(|error| format!("`{address}` is no address: {error}"))?;
    let mut refusal = format!("`{address}` leads nowhere");
    for resolved in addresses {
        match TcpStream::connect_timeout(&resolved, PATIENCE) {
            Ok(stream) => {
                let timed = stream.set_read_timeout(Some(PATIENCE)).and(stream.set_write_timeout(Some(PATIENCE)));
                return timed.map(|()| stream).map_err(|error| format!("{address}: {error}"));
            }
            Err(error) => refusal = format!("nothing answers on {address} ({error})"),
        }
    }
    Err(refusal)
}

/// A port of 127.0.0.1 that nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("there is no free port on 127.0.0.1: {error}"))
}

/// What is needed of `scheme://user:password@host:port/…` to reach the host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) scheme: String,
    pub(crate) address: String,
    /// The URL holds a user or a password.
    pub(crate) credentials: bool,
}

impl Target {
    /// Reads a URL; `port` is for one without. `None` when it names no host.
    pub(crate) fn parse(url: &str, port: u16) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((_, host)) => (true, host),
            None => (false, authority),
        };
        let has_port = host.rsplit_once(':').is_some_and(|(_, tail)| !tail.is_empty() && !tail.contains(']'));
        let address = if has_port { host.to_owned() } else { format!("{}:{port}", host.trim_end_matches(':')) };
        (!host.is_empty()).then(|| Self { scheme: scheme.to_owned(), address, credentials })
    }
}

/// Writes text so that it can stand for a user or a password in a URL.
pub(crate) fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            encoded.extend(['%', char::from(high), char::from(low)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_url_is_found() {
        for (url, address, credentials) in [
            ("redis://127.0.0.1", "127.0.0.1:6379", false),
            ("redis://:p%40ss@cache:7000/2", "cache:7000", true),
            ("rediss://[::1]/0?x=1", "[::1]:6379", false),
            ("redis://[::1]:7000", "[::1]:7000", false),
        ] {
            let target = Target::parse(url, 6379).unwrap();
            assert_eq!((target.address.as_str(), target.credentials), (address, credentials), "{url}");
        }
        assert_eq!(Target::parse("127.0.0.1:6379", 6379), None);
        assert_eq!(Target::parse("postgres:///database", 5432), None);
    }

    #[test]
    fn a_password_survives_a_url() {
        assert_eq!(encode("a b@c/é"), "a%20b%40c%2F%C3%A9");
    }

    #[test]
    fn a_free_port_has_no_listener() {
        let port = free_port().unwrap();
        assert!(connect(&format!("127.0.0.1:{port}")).is_err());
    }
}
