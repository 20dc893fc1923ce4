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
    help: "The Redis to share between nodes, `redis://` or `rediss://`.\nThis release checks the URL but keeps cache, \
           bus and presence in the process: run one node",
};

pub(super) static SETTINGS: &[&Setting] = &[&REDIS_URL];

/// The Redis that several nodes share.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// The URL; it may hold a password. `None` keeps cache, bus and presence in the process.
    pub url: Option<SecretString>,
}

impl Read for RedisSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let Some(given) = reader.secret(&REDIS_URL).ok()? else {
            reader.show(&REDIS_URL, "not set", Origin::Default);
            return Some(Self { url: None });
        };
        let url = given.trim();
        match check(url) {
            Ok(()) => Some(Self { url: Some(url.into()) }),
            Err(wrong) => {
                reader.refuse(&REDIS_URL, wrong);
                None
            }
        }
    }
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
