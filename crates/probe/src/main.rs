//! The load tool: puts load on a running Rondo, or on a bare server of the same libraries, and measures both alike.
//! It speaks to loopback addresses only.

mod accounts;
mod baseline;
mod cold_start;
mod compare;
mod echo;
mod event_load;
mod http_client;
mod http_load;
mod process;
mod report;
mod sends;
mod seq_set;
mod socket_client;
mod target;

use clap::{Parser, Subcommand};
use std::{error::Error, future::Future, process::ExitCode};
use tokio::runtime::Builder;

/// Anything that ends a run, told in a sentence.
type Failure = Box<dyn Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

/// Rondo's load tool.
#[derive(Parser)]
#[command(name = "rondo-probe", about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// Ask for one path over and over, on keep-alive connections.
    Get(http_load::Get),
    /// Send acknowledged messages over websockets, by people and sessions made for the run.
    Sends(sends::Sends),
    /// Emit any acknowledged event over websockets.
    Echo(echo::Echo),
    /// Serve as a bare server, to compare with.
    #[command(subcommand)]
    Baseline(baseline::Baseline),
    /// Measure Rondo against the bare servers, in interleaved rounds, and its cold start.
    Compare(compare::Compare),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().mode {
        Mode::Get(get) => on_one_thread(get.run()),
        Mode::Sends(sends) => on_one_thread(sends.run()),
        Mode::Echo(echo) => on_one_thread(echo.run()),
        Mode::Baseline(baseline) => baseline.serve(),
        Mode::Compare(compare) => on_one_thread(compare.run()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rondo-probe: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// One thread drives every load: it leaves the other cores to the server. An interrupt drops the run and what it started.
fn on_one_thread(run: impl Future<Output = Outcome<()>>) -> Outcome<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            outcome = run => outcome,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
            _ = terminate.recv() => Err("asked to end".into()),
        }
    })
}
