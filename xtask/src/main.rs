//! The project's own chores: `cargo xtask test`, `check`, `docs`, `smoke`, `coverage`, `fuzz`, `probe`.
//!
//! Each command is a list of steps that a [`report::Report`] runs, times and sums up. Nothing is skipped in silence:
//! what could not run is named in the summary, and what should have run but could not is a failure.

mod caretaker;
mod cargo;
mod check;
mod coverage;
mod deployment;
mod documents;
mod fuzz;
mod http;
mod javascript;
mod layers;
mod log_page;
mod options;
mod probe;
mod report;
mod servers;
mod shell;
mod smoke;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  check    what CI asks before the tests: format, lints, documentation, layers, licences, deployments, documents
  docs     writes the generated documents anew
  test     every test, on real databases
  smoke    the released binary from the first account to a restart; with --binary FILE that one
  coverage every test with instruments, and which lines it ran; fails below 85 % (the domain: 95 %). Needs cargo-llvm-cov.
           With --report-only of the last run
  fuzz     each fuzz target for a while. Needs cargo-fuzz
  probe    every load, beside bare servers; writes docs/probe-summary.txt and docs/autocannon-*.txt
  help     this page

cargo xtask test [--only rust|js] [--servers KIND] [-- FILTER...]

  --only rust|js    the Rust tests alone, or those with the official JavaScript clients alone
  --servers KIND    look for PostgreSQL and Redis in one place only:
                      given     TEST_POSTGRES_URL and TEST_REDIS_URL
                      running   servers on this machine's usual ports (PGHOST, PGPORT, PGUSER, PGPASSWORD count)
                      private   throw-away instances of the installed programs
                      docker    throw-away containers
                      install   apt-get install them (as root), then as private
                    without it, each of these in turn
  -- FILTER...      handed to the Rust tests: part of a name, or flags such as --nocapture

cargo xtask fuzz [--seconds N] [--only TARGET]

  --seconds N       how long each target runs: 60 without it

cargo xtask probe [--quick] [--only sqlite|postgres] [--servers KIND] [--binaries FOLDER]

  --quick           smaller and shorter: about three minutes in place of ten
  --only KIND       SQLite with all else in memory alone, or PostgreSQL and Redis alone
  --servers KIND    as above
  --binaries FOLDER take rondo and rondo-probe from here, in place of a release build
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    match (command.as_deref(), rest.as_slice()) {
        (Some("test"), _) => match options::Options::parse(rest) {
            Ok(options) => test::run(&options),
            Err(error) => misused(&error),
        },
        (Some("probe"), _) => match probe::Options::parse(rest) {
            Ok(options) => probe::run(&options),
            Err(error) => misused(&error),
        },
        (Some("smoke"), _) => match smoke::parse(&rest) {
            Ok(binary) => smoke::run(binary),
            Err(error) => misused(&error),
        },
        (Some("fuzz"), _) => match fuzz::Options::parse(&rest) {
            Ok(options) => fuzz::run(&options),
            Err(error) => misused(&error),
        },
        (Some("coverage"), []) => coverage::run(false),
        (Some("coverage"), [flag]) if flag == "--report-only" => coverage::run(true),
        (Some("check"), []) => check::run(),
        (Some("docs"), []) => documents::run(),
        (Some(known @ ("check" | "docs" | "coverage")), [extra, ..]) => {
            misused(&format!("`{known}` does not know `{extra}`"))
        }
        (Some("help" | "--help" | "-h"), _) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        (Some(unknown), _) => misused(&format!("there is no command `{unknown}`")),
        (None, _) => misused("a command is missing"),
    }
}

fn misused(error: &str) -> ExitCode {
    eprintln!("error: {error}\n\n{HELP}");
    ExitCode::from(2)
}
