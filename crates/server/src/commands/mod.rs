//! What the binary can be asked to do. Answers go to standard output, the log and complaints to standard error.

mod backup;
mod copy;
mod healthcheck;
mod migrate;
mod seed;
mod serve;
mod verify;

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use clap::Parser;

use crate::{
    config::{Cli, Command, Faults, LogSettings, Page, Section, Settings, TrackingSettings},
    telemetry,
};

/// The settings are at fault, as `config check` says it too.
const FAULTY: u8 = 2;

/// Runs the command that the process was asked for.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { command, settings: raw } = Cli::parse();
    match command.unwrap_or_default() {
        Command::Serve => with(Settings::load(&raw), serve::run),
        Command::Migrate { down } => with(Section::load(&raw), |settings| migrate::run(settings, down)),
        Command::Seed => with(Settings::load(&raw), seed::run),
        Command::Verify => verify::answer(Section::load(&raw)),
        Command::Backup { file } => with(Section::load(&raw), |settings| backup::run(settings, &file)),
        Command::Copy { from, to } => with(Section::load(&raw), |log| copy::run(log, from, to)),
        Command::Config { .. } => {
            let check = Settings::check(&raw);
            let faults = if check.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(FAULTY) };
            ended(say(check)).unwrap_or(faults)
        }
        Command::Openapi => ended(openapi()).unwrap_or(ExitCode::SUCCESS),
        Command::Asyncapi => ended(asyncapi()).unwrap_or(ExitCode::SUCCESS),
        Command::GraphqlSchema => ended(say(rondo_http::graphql_schema().trim_end())).unwrap_or(ExitCode::SUCCESS),
        Command::Docs { page } => ended(say(written(page))).unwrap_or(ExitCode::SUCCESS),
        Command::Healthcheck { url } => with(Section::load(&raw), |settings| healthcheck::run(settings, url)),
    }
}

/// Runs a command with the settings that it needs, or tells what is wrong with them.
fn with<S>(settings: Result<S, Faults>, run: impl FnOnce(&S) -> Result<(), String>) -> ExitCode {
    match settings {
        Ok(settings) => ended(run(&settings)).unwrap_or(ExitCode::SUCCESS),
        Err(faults) => {
            eprintln!("{faults}\n`rondo config check` shows every setting and where it comes from.");
            ExitCode::from(FAULTY)
        }
    }
}

/// Tells why a command failed, if it did.
fn ended(outcome: Result<(), String>) -> Option<ExitCode> {
    let error = outcome.err()?;
    eprintln!("rondo: {error}");
    Some(ExitCode::FAILURE)
}

/// Starts the log, then runs `work` on a runtime with as many `threads`.
fn block_on(log: &LogSettings, threads: usize, work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    block_on_tracked(log, &TrackingSettings::default(), threads, work)
}

/// The same, with traces and errors reported where that is wanted.
fn block_on_tracked(
    log: &LogSettings,
    tracking: &TrackingSettings,
    threads: usize,
    work: impl Future<Output = Result<(), String>>,
) -> Result<(), String> {
    let _log = telemetry::init(log, tracking).map_err(|error| format!("the log could not be started: {error}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("rondo")
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime could not be started: {error}"))?;
    runtime.block_on(work)
}

/// Writes a command's answer. Whoever stops reading in the middle of it, as `head` does, has had enough.
fn say(answer: impl Display) -> Result<(), String> {
    match writeln!(io::stdout(), "{answer}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("the answer cannot be written: {error}")),
        _ => Ok(()),
    }
}

/// The OpenAPI document, as `docs/openapi.json` holds it.
fn openapi() -> Result<(), String> {
    let document = rondo_http::openapi().to_pretty_json();
    say(document.map_err(|error| format!("the OpenAPI document cannot be written: {error}"))?)
}

/// The AsyncAPI document, as `docs/asyncapi.json` holds it.
fn asyncapi() -> Result<(), String> {
    let document = serde_json::to_string_pretty(&rondo_http::asyncapi());
    say(document.map_err(|error| format!("the AsyncAPI document cannot be written: {error}"))?)
}

/// A page, as `docs` holds it.
fn written(page: Page) -> String {
    match page {
        Page::Errors => rondo_http::errors_page(),
        Page::Events => rondo_http::events_page(),
        Page::Metrics => rondo_http::metrics_page(),
    }
}
