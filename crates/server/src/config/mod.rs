//! The settings: read once at start from flags, environment and `.env`, parsed into a section per concern.
//!
//! Owns every name, default and limit; what a setting does is the business of the part that takes its section. A value
//! is looked for among the flags, then in the environment, then in `.env`; an empty one counts as not set. To add a
//! setting: a row in its section's `SETTINGS`, a field, a line in its `read`, and its entry in `.env.example`.

mod accounts;
mod check;
pub mod cli;
mod cors;
mod database;
mod demo;
mod dotenv;
mod doubt;
mod endpoint;
mod fault;
mod general;
mod http;
mod kept_secret;
mod limits;
mod log;
mod operators;
mod parse;
mod raw;
mod reader;
mod redis;
mod sessions;
mod setting;
mod target;
#[cfg(test)]
mod tests;
mod tracking;

use std::path::{Path, PathBuf};

pub(crate) use self::log::log_filter;
pub use self::{
    accounts::AccountSettings,
    check::Check,
    cli::{Cli, Command, ConfigCommand, Page},
    database::{DatabaseKind, DatabaseSettings, DatabaseUrl},
    demo::DemoSettings,
    doubt::Doubt,
    fault::{Fault, Faults},
    general::{AppEnv, GeneralSettings},
    http::HttpSettings,
    limits::LimitSettings,
    log::{LogFormat, LogSettings},
    operators::OperatorSettings,
    raw::{Origin, RawSettings},
    redis::RedisSettings,
    sessions::SessionSettings,
    target::Target,
    tracking::{ErrorSettings, TraceSettings, TrackingSettings},
};
use self::{reader::Reader, setting::Setting};

/// The file of settings in the working folder. It may be missing.
const DOTENV: &str = ".env";

/// All settings by heading, in the order of `--help`, `config check` and `.env.example`.
static SECTIONS: &[(&str, &[&Setting])] = &[
    ("General", general::SETTINGS),
    ("HTTP", http::SETTINGS),
    ("Database", database::SETTINGS),
    ("Demo", demo::SETTINGS),
    ("Redis", redis::SETTINGS),
    ("Accounts", accounts::SETTINGS),
    ("Sessions", sessions::SETTINGS),
    ("Limits", limits::SETTINGS),
    ("Operators", operators::SETTINGS),
    ("Log", log::SETTINGS),
    ("Traces and errors", tracking::SETTINGS),
];

/// Every setting of this release, parsed and within its limits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who the server runs for; decides several defaults.
    pub app_env: AppEnv,
    /// The folder of what the server keeps itself: the SQLite file and the development secret. It need not exist yet.
    pub data_dir: PathBuf,
    /// Address, workers and what browsers may do.
    pub http: HttpSettings,
    /// Where the data lies.
    pub database: DatabaseSettings,
    /// Whether an empty database gets the demo data at the start of the server.
    pub demo: bool,
    /// The Redis to share, if there is one.
    pub redis: RedisSettings,
    /// Tokens and passwords.
    pub accounts: AccountSettings,
    /// Presence and invitations.
    pub sessions: SessionSettings,
    /// How often what may be done.
    pub limits: LimitSettings,
    /// What those who run the server are given.
    pub operators: OperatorSettings,
    /// What is logged, and in which form.
    pub log: LogSettings,
    /// Where traces and errors go.
    pub tracking: TrackingSettings,
    /// Names in `.env` that seem misspelt.
    pub doubts: Vec<Doubt>,
}

impl Settings {
    /// Parses what flags and environment gave, and the `.env` of the working folder below them.
    ///
    /// In development without `JWT_SECRET`, and when nothing is at fault, a secret is made and kept in the data folder.
    ///
    /// # Errors
    /// Every fault there is, not just the first.
    pub fn load(raw: &RawSettings) -> Result<Self, Faults> {
        Self::load_with(raw, Path::new(DOTENV))
    }

    /// Like [`Settings::load`], with another file in place of `.env`.
    ///
    /// # Errors
    /// Every fault there is, not just the first.
    pub fn load_with(raw: &RawSettings, dotenv: &Path) -> Result<Self, Faults> {
        let mut reader = Reader::new(raw, Some(dotenv));
        let settings = Self::read(&mut reader);
        reader.finish(settings)
    }

    /// Parses the variables that `vars` knows, and nothing else: neither the process environment nor `.env`.
    ///
    /// # Errors
    /// Every fault there is, not just the first.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&RawSettings::from_vars(vars), None);
        let settings = Self::read(&mut reader);
        reader.finish(settings)
    }

    /// What each setting is, where it comes from and what is wrong; for `rondo config check`. Writes nothing.
    #[must_use]
    pub fn check(raw: &RawSettings) -> Check {
        Self::check_with(raw, Path::new(DOTENV))
    }

    /// Like [`Settings::check`], with another file in place of `.env`.
    #[must_use]
    pub fn check_with(raw: &RawSettings, dotenv: &Path) -> Check {
        let mut reader = Reader::new(raw, Some(dotenv)).only_looking();
        Self::read(&mut reader);
        reader.into_check()
    }

    fn read(reader: &mut Reader) -> Option<Self> {
        let general = GeneralSettings::read(reader);
        let http = HttpSettings::read(reader);
        let database = DatabaseSettings::read(reader);
        let demo = DemoSettings::read(reader);
        let redis = RedisSettings::read(reader);
        let sessions = SessionSettings::read(reader);
        let limits = LimitSettings::read(reader);
        let operators = OperatorSettings::read(reader);
        let log = LogSettings::read(reader);
        let tracking = TrackingSettings::read(reader);
        // The last one: it writes a file, but only when nothing before it is at fault.
        let accounts = AccountSettings::read(reader);
        let GeneralSettings { app_env, data_dir } = general?;
        Some(Self {
            app_env,
            data_dir,
            http: http?,
            database: database?,
            demo: demo?.wanted,
            redis: redis?,
            accounts: accounts?,
            sessions: sessions?,
            limits: limits?,
            operators: operators?,
            log: log?,
            tracking: tracking?,
            doubts: reader.doubts(),
        })
    }
}

/// A part of the settings that a command can load alone, so that `migrate` asks for no `JWT_SECRET`. Two parts together
/// are one, too.
pub trait Section: Sized + sealed::Read {
    /// Parses this section alone, from the sources of [`Settings::load`].
    ///
    /// # Errors
    /// Every fault of this section, of `APP_ENV` and `DATA_DIR` (on which defaults rest), and of `.env`.
    fn load(raw: &RawSettings) -> Result<Self, Faults> {
        let mut reader = Reader::new(raw, Some(Path::new(DOTENV)));
        GeneralSettings::read(&mut reader);
        let section = Self::read(&mut reader);
        reader.finish(section)
    }
}

impl<T: sealed::Read> Section for T {}

mod sealed {
    use super::reader::Reader;

    /// Takes a section's settings from the sources; `None` when one of them is at fault.
    pub trait Read: Sized {
        /// Reads every setting of the section, so that every fault is noted.
        fn read(reader: &mut Reader) -> Option<Self>;
    }

    impl<A: Read, B: Read> Read for (A, B) {
        fn read(reader: &mut Reader) -> Option<Self> {
            let (one, other) = (A::read(reader), B::read(reader));
            one.zip(other)
        }
    }
}

use sealed::Read;
