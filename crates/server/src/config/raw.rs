//! The settings as they were given, before anything is parsed: a text and where it came from.

use std::{collections::BTreeMap, ffi::OsString, fmt};

use clap::{ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use super::{SECTIONS, setting::Setting};

/// Where a value came from, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag,
    /// The environment of the process.
    Environment,
    /// The `.env` file.
    DotEnv,
    /// Nowhere: it is the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::DotEnv => ".env",
            Self::Default => "default",
        })
    }
}

/// A value as it was given.
#[derive(Clone)]
pub(super) struct Given {
    /// The text; `None` when it is not UTF-8.
    pub(super) text: Option<String>,
    /// Where it came from.
    pub(super) origin: Origin,
}

/// What flags and environment said, unparsed. clap fills it: `#[command(flatten)]` it into a parser.
///
/// Its `Debug` shows which settings were given, never a value.
#[derive(Clone, Default)]
pub struct RawSettings {
    given: BTreeMap<&'static str, Given>,
}

impl RawSettings {
    /// The settings that `vars` knows by their variables, as though they stood in the environment.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Self {
        let given = |setting: &Setting| {
            let text = vars(setting.name)?;
            Some((setting.name, Given { text: Some(text), origin: Origin::Environment }))
        };
        Self { given: all().filter_map(given).collect() }
    }

    /// What was given for a setting.
    pub(super) fn find(&self, setting: &Setting) -> Option<&Given> {
        self.given.get(setting.name)
    }

    /// Takes in a value of `.env`, unless a stronger source gave one. Names that are no setting are passed over.
    pub(super) fn add_from_dotenv(&mut self, name: &str, value: String) {
        if let Some(setting) = all().find(|setting| setting.name == name) {
            let given = Given { text: Some(value), origin: Origin::DotEnv };
            self.given.entry(setting.name).or_insert(given);
        }
    }
}

/// Every setting, in the order of its section.
pub(super) fn all() -> impl Iterator<Item = &'static Setting> {
    SECTIONS.iter().flat_map(|(_, settings)| settings.iter().copied())
}

impl fmt::Debug for RawSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.given.iter().map(|(name, given)| (name, given.origin))).finish()
    }
}

impl Args for RawSettings {
    fn augment_args(command: Command) -> Command {
        SECTIONS.iter().fold(command, |command, (heading, settings)| {
            command.args(settings.iter().map(|setting| setting.arg(heading)))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for RawSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut raw = Self::default();
        raw.update_from_arg_matches(matches)?;
        Ok(raw)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in all() {
            if let Some(value) = matches.get_one::<OsString>(setting.name) {
                let origin = match matches.value_source(setting.name) {
                    Some(ValueSource::CommandLine) => Origin::Flag,
                    _ => Origin::Environment,
                };
                let text = value.to_str().map(str::to_owned);
                self.given.insert(setting.name, Given { text, origin });
            }
        }
        Ok(())
    }
}
