//! What database and Redis URLs have in common behind their scheme. Says nothing of what a URL holds: it may be secret.

use super::fault::Wrong;

/// A server's URL behind `scheme://`, taken apart as far as faults go.
pub(super) struct Endpoint<'a> {
    /// Without name, password and port; empty when the URL names no host.
    pub(super) host: &'a str,
    /// Behind the first slash, without parameters.
    pub(super) path: &'a str,
}

impl<'a> Endpoint<'a> {
    /// Takes `rest` apart. A password's special characters must be percent-encoded, or no end of it can be found.
    pub(super) fn parse(rest: &'a str) -> Result<Self, Wrong> {
        if rest.contains(|c: char| c == '#' || c.is_whitespace() || c.is_control()) {
            return Err(Wrong::new(
                "the URL holds a blank, a `#` or a control character",
                "percent-encode special characters of the password, like `%23` for `#`",
            ));
        }
        let before_parameters = rest.split('?').next().unwrap_or_default();
        let (authority, path) = before_parameters.split_once('/').unwrap_or((before_parameters, ""));
        let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (address, None),
        };
        if port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(Wrong::new(
                "the port in the URL is not a number up to 65535",
                "write `user:password@host:port`, with `/`, `@` and `?` of the password percent-encoded",
            ));
        }
        Ok(Self { host, path })
    }
}

/// What follows `scheme` in `url`; schemes have no case.
pub(super) fn after_scheme<'a>(url: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = url.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}
