//! `cargo xtask probe`: a release build, the load tool's modes on SQLite alone and on PostgreSQL with Redis, autocannon on the
//! REST endpoints, and what all of that gave, in `docs/`.

mod autocannon;
mod machine;
mod plan;
mod summary;
mod targets;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use crate::report::Report;
use crate::servers::{self, Server, Source, postgres::Postgres, redis::Redis};
use crate::shell::Result;
use crate::{cargo, options};
use plan::Run;

/// What was asked of `cargo xtask probe`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    quick: bool,
    only: Option<Ground>,
    servers: Option<Source>,
    /// Where `rondo` and `rondo-probe` have been built already.
    binaries: Option<PathBuf>,
}

/// What a server stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// SQLite, and all else in memory.
    Embedded,
    /// PostgreSQL and Redis.
    Shared,
}

/// Figures by their keys.
type Figures = HashMap<String, f64>;

/// What one ground gave.
struct Findings {
    ground: Ground,
    figures: Figures,
    /// What each run printed, under its name.
    texts: Vec<(&'static str, String)>,
}

/// Seconds after which a run is given up.
const AT_MOST: &str = "300";

struct Tools {
    rondo: PathBuf,
    probe: PathBuf,
    servers: Option<(Server, Server)>,
}

impl Options {
    /// Reads the words after `probe`. A word that it does not know is an error, never ignored.
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (flag, value) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            match flag {
                "--quick" => options.quick = true,
                "--only" => {
                    options.only = Some(match value.or_else(|| words.next()).as_deref() {
                        Some("sqlite") => Ground::Embedded,
                        Some("postgres") => Ground::Shared,
                        _ => return Err("`--only` takes `sqlite` or `postgres`".to_owned()),
                    });
                }
                "--binaries" => {
                    let folder = value.or_else(|| words.next()).ok_or("`--binaries` takes a folder")?;
                    options.binaries = Some(folder.into());
                }
                "--servers" => options.servers = Some(options::source(value.or_else(|| words.next()).as_deref())?),
                _ => return Err(format!("`probe` does not know `{word}`")),
            }
        }
        Ok(options)
    }

    fn grounds(&self) -> impl Iterator<Item = Ground> {
        [Ground::Embedded, Ground::Shared].into_iter().filter(|ground| self.only.is_none_or(|only| only == *ground))
    }
}

impl Ground {
    const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "SQLite",
            Self::Shared => "PostgreSQL + Redis",
        }
    }

    /// The load tool's words for it.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Embedded => &[],
            Self::Shared => &["--database", "postgres", "--redis"],
        }
    }
}

/// Runs all loads; what fails is named, and the others still run.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut report = Report::new("cargo xtask probe");
    let Some(tools) = prepare(options, &mut report) else {
        report.not_run("loads", "what they need is missing, see above");
        return report.finish();
    };
    let mut findings: Vec<Findings> = Vec::new();
    for ground in options.grounds() {
        let (mut figures, mut texts) = (Figures::new(), Vec::new());
        for run in plan::runs(options.quick) {
            let name = format!("{}, {}", run.name, ground.name());
            let mut said = String::new();
            report.step(&name, || tools.measure(&run, ground, &mut said, &mut figures));
            texts.push((run.name, said));
        }
        findings.push(Findings { ground, figures, texts });
    }
    let ground = options.only.unwrap_or(Ground::Shared);
    autocannon::run(&tools, ground, options.quick, &mut report);
    report.step("docs/probe-summary.txt", || {
        let text = summary::write(options.quick, tools.servers.as_ref(), &findings);
        println!("{text}");
        let path = cargo::root().join("docs/probe-summary.txt");
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    });
    report.finish()
}

fn prepare(options: &Options, report: &mut Report) -> Option<Tools> {
    let servers = if options.grounds().any(|ground| ground == Ground::Shared) {
        let postgres = report.step("PostgreSQL", || servers::find(&Postgres, options.servers));
        let redis = report.step("Redis", || servers::find(&Redis, options.servers));
        Some(postgres.zip(redis)?)
    } else {
        None
    };
    let (rondo, probe) = match &options.binaries {
        Some(folder) => report.step("binaries", || cargo::binaries(folder))?,
        None => report.step("release build", cargo::build_release)?,
    };
    Some(Tools { rondo, probe, servers })
}

impl Tools {
    /// The load tool, told where things are.
    fn probe(&self, mode: &str, ground: Ground) -> Command {
        let mut command = Command::new(&self.probe);
        command.arg(mode).arg("--rondo").arg(&self.rondo).args(ground.words());
        if let Some((postgres, redis)) = &self.servers {
            command.env("TEST_POSTGRES_URL", &postgres.url).env("TEST_REDIS_URL", &redis.url);
        }
        command
    }

    /// Runs one mode, and keeps what it says and its figures, even where it fails in the end.
    fn measure(&self, run: &Run, ground: Ground, said: &mut String, figures: &mut Figures) -> Result {
        let file = std::env::temp_dir().join(format!("rondo-figures-{}", std::process::id()));
        let mut command = self.probe(run.mode, ground);
        command.args(run.words).args(["--at-most", AT_MOST]).arg("--figures").arg(&file);
        println!("$ rondo-probe {} {}", run.mode, run.words.join(" "));
        let output = command
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("the load tool could not be started: {error}"))?;
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        println!("{said}");
        let text = fs::read_to_string(&file).unwrap_or_default();
        drop(fs::remove_file(&file));
        figures.extend(text.lines().filter_map(figure));
        if output.status.success() { Ok(()) } else { Err(format!("the load tool ended with {}", output.status)) }
    }
}

/// A line `key<TAB>value`.
fn figure(line: &str) -> Option<(String, f64)> {
    let (key, value) = line.split_once('\t')?;
    Some((key.to_owned(), value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn words_are_understood_or_refused() {
        assert_eq!(parse("").unwrap(), Options::default());
        let options = parse("--quick --only=postgres --servers private --binaries=a").unwrap();
        let (only, servers, binaries) = (Some(Ground::Shared), Some(Source::Private), Some("a".into()));
        assert_eq!(options, Options { quick: true, only, servers, binaries });
        for line in ["quick", "--binaries", "--only", "--only mysql", "--servers there"] {
            assert!(parse(line).is_err(), "{line} was taken");
        }
    }

    #[test]
    fn a_figure_is_a_key_and_a_value() {
        assert_eq!(figure("a.b\t1.250"), Some(("a.b".to_owned(), 1.25)));
        assert_eq!(figure("a.b 1"), None);
    }
}
