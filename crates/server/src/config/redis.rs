//! The Redis that several nodes share.

use secrecy::SecretString;

use super::{
    endpoint::{Endpoint, after_scheme},
    fault::Wrong,
    raw::Origin,
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

static REDIS_URL: Setting = Setting {
    name: "REDIS_URL",
    flag: "redis-url",
    value: "URL",
    default: Preset::Computed("none"),
    secret: true,
    help: "The Redis that all nodes share (6.2 or later, not a cluster), `redis://` or `rediss://`.\nWithout it cache, \
           bus, presence and limits are in the process: run one node",
};

static REDIS_PREFIX: Setting = Setting {
    name: "REDIS_PREFIX",
    flag: "redis-prefix",
    value: "TEXT",
    default: Preset::Fixed("rondo:"),
    secret: false,
    help: "What every key and channel in Redis begins with, 1 to 64 visible ASCII characters",
};

pub(super) static SETTINGS: &[&Setting] = &[&REDIS_URL, &REDIS_PREFIX];

/// How long a prefix may be, in bytes.
const PREFIX: usize = 64;

/// The Redis that several nodes share.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// The URL; it may hold a password. `None` keeps cache, bus, presence and limits in the process.
    pub url: Option<SecretString>,
    /// What every key and channel begins with.
    pub prefix: String,
}

impl Read for RedisSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let url = read_url(reader);
        let prefix = reader.read(&REDIS_PREFIX, prefix);
        Some(Self { url: url?, prefix: prefix? })
    }
}

#[expect(clippy::option_option, reason = "`None` when it is at fault, `Some(None)` when it is not set")]
fn read_url(reader: &mut Reader) -> Option<Option<SecretString>> {
    let Some(given) = reader.secret(&REDIS_URL).ok()? else {
        reader.show(&REDIS_URL, "not set", Origin::Default);
        return Some(None);
    };
    let url = given.trim();
    match check(url) {
        Ok(()) => Some(Some(url.into())),
        Err(wrong) => {
            reader.refuse(&REDIS_URL, wrong);
            None
        }
    }
}

fn prefix(text: &str) -> Result<String, Wrong> {
    if text.len() > PREFIX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Wrong::new("is no prefix for keys", "give 1 to 64 visible ASCII characters, like `rondo:`"));
    }
    Ok(text.to_owned())
}

fn check(url: &str) -> Result<(), Wrong> {
    let remedy = "write it like `redis://:password@host:6379/0`";
    let server = after_scheme(url, "redis://").or_else(|| after_scheme(url, "rediss://"));
    let Some(server) = server else {
        return Err(Wrong::new("the URL is of no kind that Rondo knows", "begin it with `redis://` or `rediss://`"));
    };
    let Endpoint { host, path } = Endpoint::parse(server)?;
    if host.is_empty() {
        return Err(Wrong::new("the URL names no host", remedy));
    }
    if !path.is_empty() && path.parse::<u32>().is_err() {
        return Err(Wrong::new("the database in the URL is not a number", remedy));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn only_redis_urls_with_a_host_are_taken() {
        for url in ["redis://127.0.0.1:6379", "rediss://user:pa%2Fss@cache.example.com:6380/1", "redis://localhost/"] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in ["http://localhost", "localhost:6379", "redis://", "redis://localhost:x", "redis://localhost/main"] {
            assert!(check(url).is_err(), "{url}");
        }
    }
}
