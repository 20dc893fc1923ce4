//! Where the data lies, and how many connections go there.

use std::{fmt::Write as _, path::Path, str::FromStr};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    endpoint::{Endpoint, after_scheme},
    fault::Wrong,
    parse::whole,
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

static DATABASE_URL: Setting = Setting {
    name: "DATABASE_URL",
    flag: "database-url",
    value: "URL",
    default: Preset::Computed("sqlite://data/rondo.db?mode=rwc, in DATA_DIR where that is set"),
    secret: true,
    help: "The database: `sqlite://FILE?mode=rwc`, or `postgres://USER:PASSWORD@HOST:5432/NAME`",
};

static DATABASE_MAX_CONNECTIONS: Setting = Setting {
    name: "DATABASE_MAX_CONNECTIONS",
    flag: "database-max-connections",
    value: "CONNECTIONS",
    default: Preset::Fixed("16"),
    secret: false,
    help: "Connections to PostgreSQL at most, 2 to 1000; SQLite has a number of its own",
};

pub(super) static SETTINGS: &[&Setting] = &[&DATABASE_URL, &DATABASE_MAX_CONNECTIONS];

/// Where the data lies.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// The URL, its scheme in lower case; it may hold a password.
    pub url: SecretString,
    /// What kind of database the URL names.
    pub kind: DatabaseKind,
    /// Connections to PostgreSQL at most, 2 to 1000.
    pub max_connections: u32,
}

/// The address of a database, as `DATABASE_URL` takes it. Its `Debug` does not show it: it may hold a password.
#[derive(Clone, Debug)]
pub struct DatabaseUrl(pub SecretString);

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        kind(text).map_err(|wrong| format!("{}; {}", wrong.problem, wrong.remedy))?;
        Ok(Self(SecretString::from(plain_scheme(text))))
    }
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for DatabaseUrl {}

/// The databases that Rondo knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file of this machine.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Read for DatabaseSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let default = file_in(&reader.data_dir);
        let url =
            reader.read_or(&DATABASE_URL, &default, |text| Ok((kind(text)?, SecretString::from(plain_scheme(text)))));
        let max_connections = reader.read(&DATABASE_MAX_CONNECTIONS, |text| whole(text, &(2..=1000), ""));
        let (kind, url) = url?;
        Some(Self { url, kind, max_connections: max_connections? })
    }
}

fn kind(url: &str) -> Result<DatabaseKind, Wrong> {
    if let Some(rest) = after_scheme(url, "sqlite:") {
        let file = rest.strip_prefix("//").unwrap_or(rest).split('?').next().unwrap_or_default();
        return if file.is_empty() {
            Err(Wrong::new("the URL names no file", "write it like `sqlite://data/rondo.db?mode=rwc`"))
        } else {
            Ok(DatabaseKind::Sqlite)
        };
    }
    let server = after_scheme(url, "postgres://").or_else(|| after_scheme(url, "postgresql://"));
    let Some(server) = server else {
        return Err(Wrong::new(
            "the URL names no database that Rondo knows",
            "begin it with `sqlite:`, `postgres://` or `postgresql://`",
        ));
    };
    let Endpoint { host, path } = Endpoint::parse(server)?;
    if host.is_empty() && path.is_empty() {
        return Err(Wrong::new(
            "the URL names neither host nor database",
            "write it like `postgres://user:password@host:5432/name`",
        ));
    }
    Ok(DatabaseKind::Postgres)
}

/// The URL with its scheme in lower case: not every reader of URLs knows that schemes have no case.
fn plain_scheme(url: &str) -> String {
    url.split_once(':').map_or_else(|| url.to_owned(), |(scheme, rest)| scheme.to_ascii_lowercase() + ":" + rest)
}

/// The URL of `rondo.db` in a folder, made when it does not exist. Letters that mean something in a URL are encoded.
fn file_in(folder: &Path) -> String {
    let mut url = String::from("sqlite://");
    for byte in folder.join("rondo.db").as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' => url.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => url.push(char::from(*byte)),
            // Writing to a string cannot fail.
            byte => _ = write!(url, "%{byte:02X}"),
        }
    }
    url + "?mode=rwc"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DatabaseKind, file_in, kind, plain_scheme};

    #[test]
    fn the_scheme_decides_the_kind() {
        for url in ["sqlite://data/rondo.db?mode=rwc", "sqlite:/var/lib/rondo.db", "SQLite::memory:"] {
            assert_eq!(kind(url).unwrap(), DatabaseKind::Sqlite, "{url}");
        }
        for url in [
            "postgres://rondo:pa%23ss@db.example.com:5432/rondo?sslmode=require",
            "postgresql://localhost/rondo",
            "postgres://[::1]/rondo",
            "postgres:///rondo?host=/var/run/postgresql",
        ] {
            assert_eq!(kind(url).unwrap(), DatabaseKind::Postgres, "{url}");
        }
    }

    #[test]
    fn the_scheme_is_passed_on_in_lower_case_and_the_rest_as_it_stands() {
        assert_eq!(plain_scheme("SQLite::memory:"), "sqlite::memory:");
        assert_eq!(plain_scheme("Postgres://Ada:Pass@Db/Rondo"), "postgres://Ada:Pass@Db/Rondo");
    }

    #[test]
    fn other_urls_are_refused() {
        for url in ["mysql://localhost/rondo", "rondo.db", "sqlite://", "sqlite:?mode=rwc", "postgres://"] {
            assert!(kind(url).is_err(), "{url}");
        }
        for url in ["postgres://rondo:pa#ss@db/rondo", "postgres://rondo:pa/ss@db/rondo", "postgres://db:port/rondo"] {
            assert!(kind(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_default_file_lies_in_the_data_folder() {
        assert_eq!(file_in(Path::new("data")), "sqlite://data/rondo.db?mode=rwc");
        assert_eq!(file_in(Path::new("/var/lib/rondo")), "sqlite:///var/lib/rondo/rondo.db?mode=rwc");
        assert_eq!(file_in(Path::new("what?/50%")), "sqlite://what%3F/50%25/rondo.db?mode=rwc");
    }
}
