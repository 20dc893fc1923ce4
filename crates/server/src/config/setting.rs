//! One setting as a row of a table: its names, its default and its words of help.

use std::borrow::Cow;

use clap::{Arg, ArgAction, builder::OsStringValueParser};

use super::general::AppEnv;

/// A setting. `--help`, `config check`, the faults and the test of `.env.example` all go by this row.
#[derive(Debug)]
pub(super) struct Setting {
    /// The variable, as in `DATABASE_URL`.
    pub(super) name: &'static str,
    /// The flag without its dashes, as in `database-url`: the variable in kebab-case.
    pub(super) flag: &'static str,
    /// What the value is, in capitals.
    pub(super) value: &'static str,
    /// What holds when nothing is given.
    pub(super) default: Preset,
    /// Whether the value is never shown.
    pub(super) secret: bool,
    /// A sentence or two, with unit and limits.
    pub(super) help: &'static str,
}

/// What holds when a setting is not given.
#[derive(Debug)]
pub(super) enum Preset {
    /// Always this value, parsed like a given one.
    Fixed(&'static str),
    /// A value for each `APP_ENV`, parsed like a given one.
    Per {
        /// The value in development.
        development: &'static str,
        /// The value in production.
        production: &'static str,
    },
    /// What the section works out, in words.
    Computed(&'static str),
}

impl Setting {
    /// The default in words, for help and documents.
    pub(super) fn default_in_words(&self) -> Cow<'static, str> {
        match self.default {
            Preset::Fixed(text) | Preset::Computed(text) => text.into(),
            Preset::Per { development, production } => {
                format!("{development} in development, {production} in production").into()
            }
        }
    }

    /// The default as a value to parse, where the table knows one.
    pub(super) fn default_value(&self, environment: AppEnv) -> &'static str {
        match (&self.default, environment) {
            (Preset::Fixed(text), _) => text,
            (Preset::Per { development, .. }, AppEnv::Development) => development,
            (Preset::Per { production, .. }, AppEnv::Production) => production,
            (Preset::Computed(_), _) => "",
        }
    }

    /// The flag for clap; it may stand before or after the subcommand.
    pub(super) fn arg(&self, heading: &'static str) -> Arg {
        Arg::new(self.name)
            .long(self.flag)
            .env(self.name)
            .hide_env_values(true)
            .value_name(self.value)
            .value_parser(OsStringValueParser::new())
            .allow_negative_numbers(true)
            .allow_hyphen_values(self.secret)
            .action(ArgAction::Set)
            .global(true)
            .help_heading(heading)
            .next_line_help(true)
            .help(format!("{}\n[default: {}]", self.help, self.default_in_words()))
    }
}
