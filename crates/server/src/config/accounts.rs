//! Tokens and passwords: the signing key, how long tokens live, what a hash costs.

use std::time::Duration;

use secrecy::SecretString;

use super::{
    fault::Wrong,
    general::AppEnv,
    kept_secret,
    parse::whole,
    raw::Origin,
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

/// What HS256 needs, in bytes.
pub(super) const SHORTEST_SECRET: usize = 32;

static JWT_SECRET: Setting = Setting {
    name: "JWT_SECRET",
    flag: "jwt-secret",
    value: "SECRET",
    default: Preset::Computed("none in production; in development made once and kept in DATA_DIR/jwt_secret"),
    secret: true,
    help: "Key that signs access tokens (HS256), at least 32 bytes, used as it stands; required in production.\nOther \
           users of this machine can read flags: prefer the variable",
};

static ACCESS_TOKEN_TTL: Setting = Setting {
    name: "ACCESS_TOKEN_TTL",
    flag: "access-token-ttl",
    value: "SECONDS",
    default: Preset::Fixed("900"),
    secret: false,
    help: "How long an access token is good, in seconds, 1 to 86400",
};

static REFRESH_TOKEN_TTL: Setting = Setting {
    name: "REFRESH_TOKEN_TTL",
    flag: "refresh-token-ttl",
    value: "SECONDS",
    default: Preset::Fixed("2592000"),
    secret: false,
    help: "How long a refresh token is good, in seconds, 60 to 31536000",
};

static BCRYPT_COST: Setting = Setting {
    name: "BCRYPT_COST",
    flag: "bcrypt-cost",
    value: "COST",
    default: Preset::Fixed("12"),
    secret: false,
    help: "Cost of a password's hash, 4 to 15, in production at least 10; each step doubles the work",
};

pub(super) static SETTINGS: &[&Setting] = &[&JWT_SECRET, &ACCESS_TOKEN_TTL, &REFRESH_TOKEN_TTL, &BCRYPT_COST];

/// Tokens and passwords.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// The HS256 key as it stands, at least 32 bytes.
    pub jwt_secret: SecretString,
    /// How long an access token is good: 1 second to a day.
    pub access_ttl: Duration,
    /// How long a refresh token is good: a minute to 365 days.
    pub refresh_ttl: Duration,
    /// The cost of a password's hash, 4 to 15.
    pub bcrypt_cost: u32,
}

impl Read for AccountSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let access_ttl = reader.read(&ACCESS_TOKEN_TTL, |text| seconds(text, 1, 86_400));
        let refresh_ttl = reader.read(&REFRESH_TOKEN_TTL, |text| seconds(text, 60, 31_536_000));
        let (lowest, place) = match reader.environment {
            AppEnv::Development => (4, ""),
            AppEnv::Production => (10, " in production"),
        };
        let bcrypt_cost = reader.read(&BCRYPT_COST, |text| whole(text, &(lowest..=15), place));
        // The last one: it makes a secret only when nothing is at fault.
        let jwt_secret = jwt_secret(reader);
        Some(Self {
            jwt_secret: jwt_secret?,
            access_ttl: access_ttl?,
            refresh_ttl: refresh_ttl?,
            bcrypt_cost: bcrypt_cost?,
        })
    }
}

fn seconds(text: &str, least: u64, most: u64) -> Result<Duration, Wrong> {
    whole(text, &(least..=most), " seconds").map(Duration::from_secs)
}

/// The given secret, or in development the kept one. `None` without a fault when one must be made but not now.
fn jwt_secret(reader: &mut Reader) -> Option<SecretString> {
    let found = match (reader.secret(&JWT_SECRET).ok()?, reader.environment) {
        (Some(secret), _) if secret.len() < SHORTEST_SECRET => Err(Wrong::new(
            "the secret is shorter than 32 bytes",
            "set a longer one, for example the output of `openssl rand -hex 32`",
        )),
        (Some(secret), _) => Ok(Some(secret.into())),
        (None, AppEnv::Production) => {
            reader.show(&JWT_SECRET, "not set", Origin::Default);
            Err(Wrong::new(
                "the secret is required in production",
                "set at least 32 bytes, for example the output of `openssl rand -hex 32`",
            ))
        }
        (None, AppEnv::Development) => kept(reader),
    };
    found.unwrap_or_else(|wrong| {
        reader.refuse(&JWT_SECRET, wrong);
        None
    })
}

fn kept(reader: &mut Reader) -> Result<Option<SecretString>, Wrong> {
    let path = reader.data_dir.join("jwt_secret");
    let found = kept_secret::find(&path);
    let state = match &found {
        Ok(None) => "made at the first start, in",
        Ok(Some(_)) | Err(_) => "kept in",
    };
    reader.show(&JWT_SECRET, format!("{state} {}", path.display()), Origin::Default);
    match found? {
        None if reader.may_write() => kept_secret::make(&path).map(Some),
        found => Ok(found),
    }
}
