//! What is logged, and in which form.

use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use super::{
    fault::Wrong,
    parse::one_of,
    reader::Reader,
    sealed::Read,
    setting::{Preset, Setting},
};

static LOG_FORMAT: Setting = Setting {
    name: "LOG_FORMAT",
    flag: "log-format",
    value: "FORMAT",
    default: Preset::Per { development: "pretty", production: "json" },
    secret: false,
    help: "`pretty` for people or `json` for machines, a line per event, on standard error",
};

static RUST_LOG: Setting = Setting {
    name: "RUST_LOG",
    flag: "rust-log",
    value: "FILTER",
    default: Preset::Fixed("info,actix_server=warn"),
    secret: false,
    help: "What is logged: a level (error, warn, info, debug, trace, off), and `target=level` for single parts,\n\
           separated by commas",
};

pub(super) static SETTINGS: &[&Setting] = &[&LOG_FORMAT, &RUST_LOG];

/// What is logged, and in which form.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The form of a line.
    pub format: LogFormat,
    /// Directives as `EnvFilter` reads them; known to be well formed.
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, in colours where there is a terminal.
    Pretty,
    /// An object per line, for machines.
    Json,
}

impl Read for LogSettings {
    fn read(reader: &mut Reader) -> Option<Self> {
        let format =
            reader.read(&LOG_FORMAT, |text| one_of(text, &[("pretty", LogFormat::Pretty), ("json", LogFormat::Json)]));
        let filter = reader.read(&RUST_LOG, filter);
        Some(Self { format: format?, filter: filter? })
    }
}

/// A filter as [`LogSettings::filter`] has it.
///
/// # Errors
/// What is wrong with it, and what to do about it.
pub(crate) fn log_filter(text: &str) -> Result<EnvFilter, String> {
    if text.is_empty() {
        return Err("is empty; write it like `info` or `info,rondo_http=debug`".to_owned());
    }
    let good = filter(text).map_err(|Wrong { problem, remedy }| format!("{problem}; {remedy}"))?;
    Ok(EnvFilter::new(good))
}

fn filter(text: &str) -> Result<String, Wrong> {
    let remedy = "write it like `info` or `info,rondo_http=debug`";
    // A misspelt level would pass for the name of a crate, and silence everything else.
    if let Some(word) = text.split(',').map(str::trim).find(|part| is_stray_word(part)) {
        return Err(Wrong::new(
            format!("takes `{word}` for a level, which it is not"),
            format!("{remedy}; a target needs a level behind it, like `{word}=debug`"),
        ));
    }
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(Wrong::new(format!("is not a filter ({error})"), remedy)),
    }
}

/// Whether a directive is a single plain word that is no level.
fn is_stray_word(directive: &str) -> bool {
    !directive.is_empty()
        && directive.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && directive.parse::<LevelFilter>().is_err()
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn levels_and_targets_are_a_filter() {
        for text in
            ["info", "WARN", "off", "info,rondo_http=debug,sqlx=off", "rondo_http::gateway=trace,", "[http]=debug"]
        {
            assert!(filter(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_level_is_refused() {
        for text in ["inof", "info,rondo_http=loud", "info,hyper", "warning"] {
            assert!(filter(text).is_err(), "{text}");
        }
    }
}
