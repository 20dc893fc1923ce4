//! The project's own chores: `cargo xtask test`, `check`, `docs`, `probe`.
//!
//! Each command is a list of steps that a [`report::Report`] runs, times and sums up. Nothing is skipped in silence:
//! what could not run is named in the summary, and what should have run but could not is a failure.

mod caretaker;
mod cargo;
mod check;
mod documents;
mod javascript;
mod layers;
mod options;
mod probe;
mod report;
mod servers;
mod shell;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  check    what CI asks before the tests: format, lints, documentation, layers, licences, generated documents
  docs     writes the generated documents anew
  test     every test, on real databases
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
        (Some("check"), []) => check::run(),
        (Some("docs"), []) => documents::run(),
        (Some(known @ ("check" | "docs")), [extra, ..]) => misused(&format!("`{known}` does not know `{extra}`")),
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
