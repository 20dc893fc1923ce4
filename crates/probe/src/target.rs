//! Addresses that may be put under load: plain HTTP on loopback, and nothing else.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
};

/// A loopback address and a path on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) addr: SocketAddr,
    pub(crate) path: String,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("http://").ok_or_else(|| format!("{url} does not begin with http://"))?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| format!("{url} has a bad port"))?)
            }
            _ => (authority, 80),
        };
        let ip = match host {
            "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            _ => host
                .trim_matches(['[', ']'])
                .parse()
                .map_err(|_| format!("{url} names a host; only loopback addresses are put under load"))?,
        };
        if !ip.is_loopback() {
            return Err(format!("{ip} is not a loopback address; nothing else is put under load"));
        }
        if path.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(format!("{url} has a blank in its path"));
        }
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        Ok(Self { addr: SocketAddr::new(ip, port), path })
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn addr(url: &str) -> Option<String> {
        url.parse::<Target>().ok().map(|target| format!("{} {}", target.addr, target.path))
    }

    #[test]
    fn a_loopback_url_is_taken_apart() {
        assert_eq!(addr("http://127.0.0.1:4000/health/live").as_deref(), Some("127.0.0.1:4000 /health/live"));
        assert_eq!(addr("http://localhost:4000").as_deref(), Some("127.0.0.1:4000 /"));
        assert_eq!(addr("http://[::1]:9/a?b=c").as_deref(), Some("[::1]:9 /a?b=c"));
        assert_eq!(addr("http://[::1]").as_deref(), Some("[::1]:80 /"));
    }

    #[test]
    fn anything_but_loopback_is_refused() {
        for url in ["http://192.168.1.4:4000/", "http://example.com/", "https://127.0.0.1/", "http://0.0.0.0:4000/"] {
            assert_eq!(addr(url), None, "{url}");
        }
    }
}
