//! Takes settings from their sources one by one, and gathers what each is and what is wrong with it.

use std::path::{Path, PathBuf};

use super::{
    check::{Check, Shown},
    dotenv,
    doubt::Doubt,
    fault::{Fault, Faults, Wrong},
    general::AppEnv,
    raw::{Origin, RawSettings},
    setting::Setting,
};

/// A value shown in a fault is cut at this many characters.
const QUOTED_LENGTH: usize = 80;

/// A setting is at fault, and the fault is noted.
#[derive(Debug)]
pub(super) struct AtFault;

/// The sources, and what reading them has brought so far.
///
/// Reading goes on after a fault: each method answers `None` for a setting at fault and notes why.
#[derive(Debug)]
pub struct Reader {
    raw: RawSettings,
    noted: Faults,
    shown: Vec<Shown>,
    only_looking: bool,
    /// Decides defaults; development until `APP_ENV` is read.
    pub(super) environment: AppEnv,
    /// Where defaults lie; `data` until `DATA_DIR` is read.
    pub(super) data_dir: PathBuf,
}

impl Reader {
    /// Flags and environment, and below them the file `dotenv`, if there is one.
    pub(super) fn new(raw: &RawSettings, dotenv: Option<&Path>) -> Self {
        let mut raw = raw.clone();
        let mut noted = Faults::default();
        if let Some(path) = dotenv {
            dotenv::read(path, &mut raw, &mut noted);
        }
        Self {
            raw,
            noted,
            shown: Vec::new(),
            only_looking: false,
            environment: AppEnv::Development,
            data_dir: PathBuf::from("data"),
        }
    }

    /// Writes no file whatever is missing.
    pub(super) fn only_looking(self) -> Self {
        Self { only_looking: true, ..self }
    }

    /// Whether a file may be written now: this is a start, and nothing is at fault so far.
    pub(super) fn may_write(&self) -> bool {
        !self.only_looking && self.noted.faults.is_empty()
    }

    /// A setting whose default the table knows.
    pub(super) fn read<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let default = setting.default_value(self.environment);
        self.read_or(setting, default, parse)
    }

    /// A setting whose default the section works out; it is parsed like a given value and shown as it is.
    pub(super) fn read_or<T>(
        &mut self,
        setting: &'static Setting,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let (text, origin) = match self.given(setting).ok()? {
            Some((text, origin)) => (text.trim().to_owned(), origin),
            None => (default.to_owned(), Origin::Default),
        };
        let visible = !setting.secret || origin == Origin::Default;
        self.show(setting, if visible { &text } else { "set" }, origin);
        match parse(&text) {
            Ok(value) => Some(value),
            Err(Wrong { problem, remedy }) => {
                let problem = if visible { format!("{} {problem}", quoted(&text)) } else { problem };
                self.noted.faults.push(Fault::new(setting.name, problem, remedy));
                None
            }
        }
    }

    /// A secret exactly as it was given, if it was.
    pub(super) fn secret(&mut self, setting: &'static Setting) -> Result<Option<String>, AtFault> {
        let given = self.given(setting)?;
        Ok(given.map(|(text, origin)| {
            self.show(setting, "set", origin);
            text
        }))
    }

    /// Notes what is wrong with a setting.
    pub(super) fn refuse(&mut self, setting: &Setting, wrong: Wrong) {
        self.noted.faults.push(Fault::new(setting.name, wrong.problem, wrong.remedy));
    }

    /// What in `.env` seems misspelt.
    pub(super) fn doubts(&self) -> Vec<Doubt> {
        self.noted.doubts.clone()
    }

    /// Notes what a setting is, for `config check`.
    pub(super) fn show(&mut self, setting: &'static Setting, value: impl Into<String>, origin: Origin) {
        self.shown.push(Shown { setting, value: value.into(), origin });
    }

    /// The value, unless something was at fault.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Faults> {
        match value {
            Some(value) if self.noted.faults.is_empty() => Ok(value),
            _ => Err(self.noted),
        }
    }

    /// What each setting is, and what is wrong.
    pub(super) fn into_check(self) -> Check {
        Check::new(self.shown, self.noted)
    }

    /// The text of a setting. Empty counts as not given, and hides what a weaker source says.
    fn given(&mut self, setting: &'static Setting) -> Result<Option<(String, Origin)>, AtFault> {
        let Some(given) = self.raw.find(setting).cloned() else { return Ok(None) };
        match given.text {
            Some(text) if text.trim().is_empty() => Ok(None),
            Some(text) => Ok(Some((text, given.origin))),
            None => {
                self.show(setting, "not readable", given.origin);
                self.refuse(setting, Wrong::new("the value is not UTF-8 text", "write it in UTF-8"));
                Err(AtFault)
            }
        }
    }
}

/// A value as a fault shows it: in quotes, escaped and not too long.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_LENGTH) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
