//! What those who run the server are given: metrics, and where.

use std::net::SocketAddr;

use secrecy::SecretString;

use super::{
    fault::Wrong,
    parse::switch,
    raw::Origin,
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

/// How short a token may be, in bytes.
const SHORTEST_TOKEN: usize = 16;

static METRICS: Setting = Setting {
    name: "METRICS",
    flag: "metrics",
    value: "on|off",
    default: Preset::Fixed("on"),
    secret: false,
    help: "Whether requests are counted and `/metrics` is served",
};

static METRICS_ADDR: Setting = Setting {
    name: "METRICS_ADDR",
    flag: "metrics-addr",
    value: "ADDRESS:PORT",
    default: Preset::Computed("none"),
    secret: false,
    help: "Where operators are listened to: `/metrics` and `/log-level` stand there, and not on the public port.\nGive \
           an address that the world does not reach, like `127.0.0.1:9464`; port 0 lets the system choose",
};

static METRICS_TOKEN: Setting = Setting {
    name: "METRICS_TOKEN",
    flag: "metrics-token",
    value: "SECRET",
    default: Preset::Computed("none"),
    secret: true,
    help: "What operators must show as `Authorization: Bearer …`, 16 or more visible ASCII characters.\nIn production \
           `/metrics` is served only with this or METRICS_ADDR",
};

pub(super) static SETTINGS: &[&Setting] = &[&METRICS, &METRICS_ADDR, &METRICS_TOKEN];

/// What those who run the server are given.
#[derive(Clone, Debug)]
pub struct OperatorSettings {
    /// Whether requests are counted and metrics are served.
    pub metrics: bool,
    /// Where operators are listened to, if not on the public port.
    pub address: Option<SocketAddr>,
    /// What they must show, if anything.
    pub token: Option<SecretString>,
}

impl Read for OperatorSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let metrics = reader.read(&METRICS, switch);
        let address = reader.read_or(&METRICS_ADDR, "none", address);
        let token = token(reader);
        Some(Self { metrics: metrics?, address: address?, token: token? })
    }
}

fn address(text: &str) -> Result<Option<SocketAddr>, Wrong> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Wrong::new("is not an IP address with a port", "write it like `127.0.0.1:9464` or `[::1]:9464`, or `none`")
    })
}

#[expect(clippy::option_option, reason = "`None` when it is at fault, `Some(None)` when it is not set")]
fn token(reader: &mut Reader) -> Option<Option<SecretString>> {
    let Some(given) = reader.secret(&METRICS_TOKEN).ok()? else {
        reader.show(&METRICS_TOKEN, "not set", Origin::Default);
        return Some(None);
    };
    if given.len() < SHORTEST_TOKEN || !given.bytes().all(|byte| byte.is_ascii_graphic()) {
        let wrong = Wrong::new(
            "the token is shorter than 16 characters, or holds others than visible ASCII ones",
            "set another one, for example the output of `openssl rand -hex 32`",
        );
        reader.refuse(&METRICS_TOKEN, wrong);
        return None;
    }
    Some(Some(given.into()))
}
