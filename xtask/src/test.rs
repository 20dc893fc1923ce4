//! `cargo xtask test`: databases, one build, the Rust tests, then the tests with the official JavaScript clients.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::options::{Half, Options};
use crate::report::Report;
use crate::servers::{self, Server, postgres::Postgres, redis::Redis};
use crate::shell::run as run_command;
use crate::{cargo, javascript};

const BUILD: &str = "build";
const RUST: &str = "Rust tests";
const JAVASCRIPT: &str = "JavaScript tests";

/// Where the tests find what they need.
struct Surroundings {
    postgres: Server,
    redis: Server,
    rondo: PathBuf,
}

impl Surroundings {
    fn apply<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("TEST_POSTGRES_URL", &self.postgres.url)
            .env("TEST_REDIS_URL", &self.redis.url)
            .env("RONDO_BIN", &self.rondo)
    }
}

/// Runs what was asked for and says what it ran on which databases.
pub(crate) fn run(options: &Options) -> ExitCode {
    let mut report = Report::new("cargo xtask test");
    match prepare(options, &mut report) {
        Some(surroundings) => {
            rust(options, &surroundings, &mut report);
            javascript(options, &surroundings, &mut report);
        }
        None => {
            for step in [RUST, JAVASCRIPT] {
                report.not_run(step, "what it needs is missing, see above");
            }
        }
    }
    report.finish()
}

fn prepare(options: &Options, report: &mut Report) -> Option<Surroundings> {
    let postgres = report.step("PostgreSQL", || servers::find(&Postgres, options.servers));
    let redis = report.step("Redis", || servers::find(&Redis, options.servers));
    report.note("SQLite and the in-memory parts: embedded".to_owned());
    for server in [&postgres, &redis].into_iter().flatten() {
        report.note(server.description.clone());
    }
    let (Some(postgres), Some(redis)) = (postgres, redis) else {
        report.not_run(BUILD, "a database server is missing");
        return None;
    };
    let rondo = report.step(BUILD, cargo::build)?;
    Some(Surroundings { postgres, redis, rondo })
}

fn rust(options: &Options, surroundings: &Surroundings, report: &mut Report) {
    if !options.wants(Half::Rust) {
        return report.not_run(RUST, "--only js");
    }
    let name =
        if options.filter.is_empty() { RUST.to_owned() } else { format!("{RUST} -- {}", options.filter.join(" ")) };
    report.step(&name, || {
        let mut command = cargo::cargo(["test", "--workspace", "--locked", "--no-fail-fast"]);
        if !options.filter.is_empty() {
            command.arg("--").args(&options.filter);
        }
        run_command(surroundings.apply(&mut command))
    });
}

fn javascript(options: &Options, surroundings: &Surroundings, report: &mut Report) {
    if !options.wants(Half::JavaScript) {
        return report.not_run(JAVASCRIPT, "--only rust");
    }
    let folder: &Path = &cargo::root().join("tests/js");
    let Some(npm) = report.step("JavaScript packages", || javascript::install(folder)) else {
        return report.not_run(JAVASCRIPT, "their packages could not be installed");
    };
    // Without them the tests of faults fail, and say so.
    report.step("Programs to start servers with", || {
        servers::install(&Postgres)?;
        servers::install(&Redis)
    });
    report.step(JAVASCRIPT, || {
        let mut command = Command::new(npm);
        run_command(surroundings.apply(command.current_dir(folder).arg("test")))
    });
}
