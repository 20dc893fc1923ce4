//! Settings: the file, and what stands in it.

use std::{env, fs, path::PathBuf, process, thread};

use rondo_server::config::{RawSettings, Settings};

use super::{choice, text};

const SECRET: &str = "s3cr3t";
/// Settings that are parsed, each by a parser of its own.
const NAMES: &[&str] = &[
    "DATABASE_URL",
    "REDIS_URL",
    "TRUSTED_PROXIES",
    "CORS_ORIGINS",
    "CLIENT_ADDRESS_HEADER",
    "RATE_LIMIT_LOGIN_ADDRESS",
    "HOST",
    "REDIS_PREFIX",
    "ACCESS_TOKEN_TTL",
    "PORT",
    "RUST_LOG",
    "RATE_LIMIT",
    "WORKERS",
];

/// A file of settings is read to its end, with every fault named, alike each time; and whatever is wrong with a secret
/// or with its line, the report does not quote it.
pub fn settings(data: &[u8]) {
    let (which, rest) = choice(data);
    let value = text(rest).replace(SECRET, "");
    report(&text(data));
    let name = NAMES[which % NAMES.len()];
    report(&format!("{name}='{}'", value.replace(['\'', '\n', '\r'], "")));
    let secrets = [
        format!("JWT_SECRET={SECRET}-{value}"),
        format!("DATABASE_URL='postgres://rondo:{SECRET}-{}@db:5432/rondo'", value.replace(['\'', '\n', '\r'], "")),
        format!("REDIS_URL='redis://:{SECRET}-{}@cache:6379/0'", value.replace(['\'', '\n', '\r'], "")),
    ];
    for file in secrets {
        let report = report(&file);
        assert!(!report.contains(SECRET), "{file}\nis told as\n{report}");
    }
}

/// What `rondo config check` says of a `.env` with this text, and of nothing else.
fn report(text: &str) -> String {
    let path = path();
    fs::write(&path, text).expect("the temporary folder can be written to");
    let check = || Settings::check_with(&RawSettings::default(), &path);
    let told = check().to_string();
    assert_eq!(told, check().to_string(), "told otherwise the second time");
    assert_eq!(check().is_sound(), told.ends_with("The settings are sound."));
    told
}

/// A file for this thread, in memory where the system has such a folder.
fn path() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { env::temp_dir() };
    let thread = format!("{:?}", thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    folder.join(format!("rondo-settings-{}-{thread}", process::id()))
}
