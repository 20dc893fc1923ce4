//! Where reports of this server are sent: a URL, taken apart.

use hyper::http::{Uri, uri::Scheme};

use super::fault::Wrong;

/// A place that takes reports by `POST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether it is spoken to over TLS.
    pub secure: bool,
    /// Its host, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The path, with a slash at its beginning and none at its end.
    pub path: String,
}

impl Target {
    /// Reads a URL; also gives what stands before its host, which may be secret.
    pub(super) fn parse<'t>(text: &'t str, example: &str) -> Result<(Self, Option<&'t str>), Wrong> {
        let remedy = || format!("write it like `{example}`");
        let uri: Uri = text.parse().map_err(|_| Wrong::new("is not a URL", remedy()))?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(Wrong::new("is not a URL that begins with http:// or https://", remedy())),
        };
        if uri.query().is_some() {
            return Err(Wrong::new("has a query, which has no place there", remedy()));
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(Wrong::new("is a URL without a host", remedy()));
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = uri.path().trim_end_matches('/').to_owned();
        let authority = text.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
        Ok((Self { secure, host, port, path }, user))
    }

    /// The same place with something more behind its path.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        Self { path: format!("{}{path}", self.path), ..self.clone() }
    }

    /// The host and port as they stand in a `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        let Self { secure, host, port, .. } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        if *port == if *secure { 443 } else { 80 } { host } else { format!("{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let read = |text| Target::parse(text, "x").map(|(target, user)| (target, user.map(str::to_owned)));
        let (target, user) = read("https://key:word@[::1]:8443/a/b/").unwrap();
        assert_eq!(
            (target.secure, target.host.as_str(), target.port, target.path.as_str()),
            (true, "::1", 8443, "/a/b")
        );
        assert_eq!((target.authority().as_str(), user.as_deref()), ("[::1]:8443", Some("key:word")));
        let (target, user) = read("http://collector").unwrap();
        assert_eq!((target.port, target.authority().as_str(), user), (80, "collector", None));
        assert_eq!(target.join("/v1/traces").path, "/v1/traces");
        for wrong in ["collector:4318", "ftp://host", "/path", "http://", "http://host?x", "http://ho st", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
