//! Whose pages may call from a browser: one answer for CORS, the refresh cookie and Socket.IO.

/// The web origins whose pages may call. The server's own origin needs no leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Every origin; credentials (cookies) are then not allowed.
    Any,
    /// This machine's on any port: `localhost`, `127.0.0.1` and `[::1]`. For development.
    Localhost,
    /// These, each as a browser writes it: lower case, no default port, no path. No other origin when empty.
    Only(Vec<String>),
}

impl AllowedOrigins {
    /// Whether a page of `origin` may call; `origin` is the value of its `Origin` header.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Localhost => is_local(origin),
            Self::Only(origins) => origins.iter().any(|known| known == origin),
        }
    }

    /// Whether a websocket may be opened, by its `Origin` and its `Host`: browsers send an origin with every handshake,
    /// and who sends none is not a browser. A page of the server itself needs no leave.
    pub(crate) fn may_connect(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        let same = host.is_some() && origin.split_once("://").map(|(_, own)| own) == host;
        same || self.allows(origin)
    }
}

/// Whether an origin is this machine's. What follows its name must be a port and nothing else: `localhost.evil.org` and
/// `localhost:1@evil.org` begin alike.
fn is_local(origin: &str) -> bool {
    let is_port =
        |rest: &str| rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).is_some_and(|rest| {
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| rest.strip_prefix(name).is_some_and(is_port))
    })
}

#[cfg(test)]
mod tests {
    use super::AllowedOrigins;

    #[test]
    fn localhost_is_any_port_of_this_machine_and_nothing_that_looks_like_it() {
        for local in [
            "http://localhost",
            "http://localhost:5173",
            "https://localhost:5173",
            "http://127.0.0.1:3000",
            "http://[::1]:8080",
        ] {
            assert!(AllowedOrigins::Localhost.allows(local), "{local}");
        }
        for other in [
            "",
            "null",
            "localhost",
            "ftp://localhost",
            "http://evil.org:80",
            "http://localhost.evil.org",
            "http://localhost:1@evil.org",
            "http://127.0.0.1.evil.org",
            "http://[::1].evil.org",
            "http://localhost:",
            "http://localhost:99999",
            "http://localhost/",
        ] {
            assert!(!AllowedOrigins::Localhost.allows(other), "{other}");
        }
    }

    #[test]
    fn a_listed_origin_may_call_and_its_neighbours_may_not() {
        let listed = AllowedOrigins::Only(vec!["https://app.example.com".to_owned()]);
        assert!(listed.allows("https://app.example.com"));
        for other in [
            "http://app.example.com",
            "https://example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.org",
            "null",
        ] {
            assert!(!listed.allows(other), "{other}");
        }
    }

    #[test]
    fn an_empty_list_allows_nobody_and_any_everybody() {
        let origin = "https://app.example.com";
        assert!(!AllowedOrigins::Only(Vec::new()).allows(origin));
        assert!(AllowedOrigins::Any.allows(origin));
    }
}
