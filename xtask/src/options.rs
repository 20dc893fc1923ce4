//! What was asked of `cargo xtask test`.

use crate::servers::Source;

/// One half of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    /// `cargo test`.
    Rust,
    /// The official JavaScript clients against the `rondo` binary.
    JavaScript,
}

/// The parsed command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Run this half alone.
    pub(crate) only: Option<Half>,
    /// Look for servers here alone.
    pub(crate) servers: Option<Source>,
    /// Handed to the Rust test binaries as they are.
    pub(crate) filter: Vec<String>,
}

impl Options {
    /// Reads the words after `test`. A word that it does not know is an error, never ignored.
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (flag, value) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            match flag {
                "--" => {
                    options.filter = words.collect();
                    break;
                }
                "--only" => options.only = Some(half(value.or_else(|| words.next()).as_deref())?),
                "--servers" => options.servers = Some(source(value.or_else(|| words.next()).as_deref())?),
                _ => return Err(format!("`test` does not know `{word}` (a filter goes after `--`)")),
            }
        }
        Ok(options)
    }

    /// Whether this half of the tests is wanted.
    pub(crate) fn wants(&self, half: Half) -> bool {
        self.only.is_none_or(|only| only == half)
    }
}

fn half(value: Option<&str>) -> Result<Half, String> {
    match value {
        Some("rust") => Ok(Half::Rust),
        Some("js") => Ok(Half::JavaScript),
        _ => Err("`--only` takes `rust` or `js`".to_owned()),
    }
}

pub(crate) fn source(value: Option<&str>) -> Result<Source, String> {
    value
        .and_then(|value| Source::ALL.into_iter().find(|source| source.name() == value))
        .ok_or_else(|| format!("`--servers` takes one of {}", Source::ALL.map(Source::name).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn nothing_asked_means_everything() {
        let options = parse("").unwrap();
        assert_eq!(options, Options::default());
        assert!(options.wants(Half::Rust) && options.wants(Half::JavaScript));
    }

    #[test]
    fn flags_come_before_the_filter() {
        let options = parse("--only rust --servers=private -- invitation --nocapture").unwrap();
        assert_eq!(options.only, Some(Half::Rust));
        assert_eq!(options.servers, Some(Source::Private));
        assert_eq!(options.filter, ["invitation", "--nocapture"]);
        assert!(!options.wants(Half::JavaScript));
    }

    #[test]
    fn an_unknown_word_is_refused() {
        for line in ["invitation", "--only", "--only go", "--servers there", "--private"] {
            assert!(parse(line).is_err(), "{line} was taken");
        }
    }
}
