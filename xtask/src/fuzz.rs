//! `cargo xtask fuzz`: each fuzz target for a while, on top of its committed seeds.
//!
//! What a run finds by itself stays below `fuzz/corpus`, what broke a parser below `fuzz/artifacts`; neither is committed.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::cargo::{cargo, root};
use crate::report::Report;
use crate::shell::{Result, find, run as run_command};

/// The parsed command line.
pub(crate) struct Options {
    seconds: u32,
    only: Option<String>,
}

impl Options {
    /// Reads the words after `fuzz`.
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        let mut options = Self { seconds: 60, only: None };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{word}` needs a value"))?;
            match word.as_str() {
                "--seconds" => options.seconds = value.parse().map_err(|_| "`--seconds` takes a number".to_owned())?,
                "--only" => options.only = Some(value.clone()),
                _ => return Err(format!("`fuzz` does not know `{word}`")),
            }
        }
        Ok(options)
    }
}

/// Runs the targets, one after the other.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut report = Report::new("cargo xtask fuzz");
    let folder = root().join("fuzz");
    let targets = report.step("targets", || {
        if find("cargo-fuzz").is_none() {
            return Err("cargo-fuzz is not installed (`cargo install --locked cargo-fuzz`)".to_owned());
        }
        targets(&folder.join("fuzz_targets"), options.only.as_deref())
    });
    for target in targets.unwrap_or_default() {
        report.step(&target, || {
            let corpus = folder.join("corpus").join(&target);
            fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
            let seeds = folder.join("seeds").join(&target);
            let time = format!("-max_total_time={}", options.seconds);
            let mut command = cargo(["fuzz", "run", "--fuzz-dir", "fuzz", "--sanitizer", "none", &target]);
            // Instruments are nightly flags of a stable compiler. Code without `unsafe` needs no sanitizer.
            command.env("RUSTC_BOOTSTRAP", "1").arg(&corpus).arg(&seeds);
            command.args(["--", &time, "-max_len=4096", "-timeout=10", "-print_final_stats=1"]);
            run_command(&mut command)
        });
    }
    report.finish()
}

/// The names of the targets in this folder that are wanted; that there is none is an error.
fn targets(folder: &Path, only: Option<&str>) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| only.is_none_or(|only| only == name))
        .collect();
    names.sort_unstable();
    if names.is_empty() { Err("there is no such fuzz target".to_owned()) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_run_unless_one_is_named() {
        let folder = root().join("fuzz/fuzz_targets");
        assert!(targets(&folder, None).unwrap().len() > 1);
        assert_eq!(targets(&folder, Some("cursor")).unwrap(), ["cursor"]);
        assert!(targets(&folder, Some("nothing")).is_err());
    }

    #[test]
    fn an_unknown_word_is_refused() {
        let parse = |line: &str| Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parse("--seconds 5").unwrap().seconds, 5);
        for line in ["--seconds", "--seconds five", "--forever yes", "cursor"] {
            assert!(parse(line).is_err(), "{line} was taken");
        }
    }
}
