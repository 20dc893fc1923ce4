//! The HTTP port: where it listens, with how many workers, and what browsers may do.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    thread,
};

use rondo_http::{AddressHeader, AllowedOrigins, NotAHeader, NotAnAddress, TrustedProxies};

use super::{
    cors,
    fault::Wrong,
    parse::{switch, unless_none, whole},
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

const MOST_WORKERS: usize = 512;

static HOST: Setting = Setting {
    name: "HOST",
    flag: "host",
    value: "ADDRESS",
    default: Preset::Per { development: "127.0.0.1", production: "0.0.0.0" },
    secret: false,
    help: "IP address to listen on; `0.0.0.0` or `::` stands for all of this machine's",
};

static PORT: Setting = Setting {
    name: "PORT",
    flag: "port",
    value: "PORT",
    default: Preset::Fixed("4000"),
    secret: false,
    help: "TCP port to listen on, 0 to 65535; 0 lets the system choose",
};

static WORKERS: Setting = Setting {
    name: "WORKERS",
    flag: "workers",
    value: "THREADS",
    default: Preset::Computed("the number of cores"),
    secret: false,
    help: "Threads that serve HTTP, and as many for sockets, 1 to 512",
};

static CORS_ORIGINS: Setting = Setting {
    name: "CORS_ORIGINS",
    flag: "cors-origins",
    value: "ORIGINS",
    default: Preset::Per { development: "localhost", production: "none" },
    secret: false,
    help: "Web origins that may call from a browser: a comma-separated list like `https://app.example.com`,\n`*` \
           for any, `localhost` for this machine's on any port, or `none`",
};

static TRUSTED_PROXIES: Setting = Setting {
    name: "TRUSTED_PROXIES",
    flag: "trusted-proxies",
    value: "ADDRESSES",
    default: Preset::Fixed("none"),
    secret: false,
    help: "Proxies in front of Rondo whose `X-Forwarded-For` or `Forwarded` is believed: a comma-separated list of\n\
           addresses and CIDR blocks like `127.0.0.1, 10.0.0.0/8`, or `none`. Without it all who come through a proxy\n\
           share its limits",
};

static CLIENT_ADDRESS_HEADER: Setting = Setting {
    name: "CLIENT_ADDRESS_HEADER",
    flag: "client-address-header",
    value: "NAME",
    default: Preset::Fixed("none"),
    secret: false,
    help: "The header in which trusted proxies tell the client's address and nothing else, like `Fly-Client-IP`,\n\
           `CF-Connecting-IP` or `X-Real-IP`, or `none`. It comes before `X-Forwarded-For`; name one that the proxy writes\n\
           anew on every request",
};

static DOCS: Setting = Setting {
    name: "DOCS",
    flag: "docs",
    value: "on|off",
    default: Preset::Fixed("on"),
    secret: false,
    help: "Whether the documentation (`/docs`) and the OpenAPI document are served",
};

pub(super) static SETTINGS: &[&Setting] =
    &[&HOST, &PORT, &WORKERS, &CORS_ORIGINS, &TRUSTED_PROXIES, &CLIENT_ADDRESS_HEADER, &DOCS];

/// Address, workers and what browsers may do.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 lets the system choose.
    pub port: u16,
    /// Threads that serve HTTP, 1 to 512.
    pub workers: usize,
    /// The web origins that may call from a browser.
    pub origins: AllowedOrigins,
    /// The proxies whose word on a client's address is believed, and the header in which they give it.
    pub trusted_proxies: TrustedProxies,
    /// Whether the API documents are served.
    pub docs: bool,
}

impl HttpSettings {
    /// Host and port together, to listen on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

impl Read for HttpSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let host = reader.read(&HOST, host);
        let port = reader.read(&PORT, |text| whole(text, &(0..=u16::MAX), ""));
        let usual = thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
        let workers = reader.read_or(&WORKERS, &usual.to_string(), |text| whole(text, &(1..=MOST_WORKERS), ""));
        let origins = reader.read(&CORS_ORIGINS, cors::origins);
        let trusted_proxies = trusted_proxies(reader);
        let docs = reader.read(&DOCS, switch);
        Some(Self {
            host: host?,
            port: port?,
            workers: workers?,
            origins: origins?,
            trusted_proxies: trusted_proxies?,
            docs: docs?,
        })
    }
}

/// The proxies, with the header of their own: naming that alone does nothing, and is a slip.
fn trusted_proxies(reader: &mut Reader) -> Option<TrustedProxies> {
    let proxies = reader.read(&TRUSTED_PROXIES, proxies);
    let header = reader.read(&CLIENT_ADDRESS_HEADER, |text| unless_none(text, address_header));
    let (proxies, header) = (proxies?, header?);
    let Some(header) = header else { return Some(proxies) };
    if proxies.is_empty() {
        let problem = "no proxy is trusted, so nobody's word in that header is taken";
        reader.refuse(&CLIENT_ADDRESS_HEADER, Wrong::new(problem, "name the proxies that write it in TRUSTED_PROXIES"));
        return None;
    }
    Some(proxies.telling_in(header))
}

fn address_header(text: &str) -> Result<AddressHeader, Wrong> {
    text.parse().map_err(|NotAHeader| Wrong::new("is no name of a header", "write it like `X-Real-IP`, or `none`"))
}

fn proxies(text: &str) -> Result<TrustedProxies, Wrong> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(TrustedProxies::default());
    }
    text.parse().map_err(|NotAnAddress(part)| {
        let problem = format!("has `{part}`, which is neither an address nor a block that begins where it says");
        Wrong::new(problem, "write them like `127.0.0.1`, `10.0.0.0/8` or `fd00::/8`, separated by commas")
    })
}

fn host(text: &str) -> Result<IpAddr, Wrong> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| {
        Wrong::new("is not an IP address", "give one of this machine's, like `127.0.0.1`, `0.0.0.0` or `::`")
    })
}
