//! The load tool: puts load on a running Rondo, or on a bare server of the same libraries, and measures both alike.
//! It speaks to loopback addresses only.

mod accounts;
mod baseline;
mod compare;
mod crowd;
mod database;
mod echo;
mod event_load;
mod fanout;
mod figures;
mod get;
mod growth;
mod http_client;
mod http_load;
mod idle;
mod metronome;
mod positions;
mod process;
mod report;
mod requests;
mod rondo;
mod rounds;
mod scan;
mod sends;
mod seq_set;
mod socket_client;
mod stand;
mod start;
mod storm;
mod subject;
mod target;
mod websocket;

use clap::{Parser, Subcommand};
use figures::Figures;
use std::{
    error::Error,
    future::Future,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tokio::{runtime::Builder, time::timeout};

/// Anything that ends a run, told in a sentence.
type Failure = Box<dyn Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

/// Rondo's load tool.
#[derive(Parser)]
#[command(name = "rondo-probe", about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    mode: Mode,
    /// Append the figures to this file as well, as `key<TAB>value`.
    #[arg(long, global = true, value_name = "FILE")]
    figures: Option<PathBuf>,
    /// The longest that a run may take, in seconds.
    #[arg(long, global = true, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    at_most: u64,
}

#[derive(Subcommand)]
enum Mode {
    /// Ask for one path over and over, on keep-alive connections.
    Get(get::Get),
    /// Ask each REST endpoint in turn, beside a bare actix handler that gives the same bytes.
    Requests(requests::Requests),
    /// Send acknowledged messages over websockets, by people and sessions made for the run.
    Sends(sends::Sends),
    /// Let rooms hear messages, beside a bare socketioxide room, and count each delivery.
    Fanout(fanout::Fanout),
    /// Hold idle, joined connections, and tell the memory of each, beside bare socketioxide.
    Idle(idle::Idle),
    /// Let many people connect and join at once, then again after the server has ended.
    Storm(storm::Storm),
    /// Show how cost grows, at two sizes a factor of 100 apart.
    Growth(growth::Growth),
    /// Tell how long a start takes, and how much memory an idle server holds.
    Start(start::Start),
    /// Emit any acknowledged event over websockets.
    Echo(echo::Echo),
    /// Measure the least that Rondo does against the bare servers, in interleaved rounds.
    Compare(compare::Compare),
    /// Start a server with people and messages for another load tool, until standard input ends.
    Stand(stand::Serve),
    /// Serve as a bare server, to compare with.
    #[command(subcommand)]
    Baseline(baseline::Baseline),
}

fn main() -> ExitCode {
    let Cli { mode, figures, at_most } = Cli::parse();
    let outcome = process::raise_file_limit().and_then(|()| match mode {
        Mode::Baseline(baseline) => baseline.serve(),
        mode => on_one_thread(Duration::from_secs(at_most), run(mode, figures.as_deref())),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("rondo-probe: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mode: Mode, figures: Option<&Path>) -> Outcome<()> {
    let figures = &Figures::open(figures)?;
    match mode {
        Mode::Get(get) => get.run().await,
        Mode::Requests(requests) => requests.run(figures).await,
        Mode::Sends(sends) => sends.run(figures).await,
        Mode::Fanout(fanout) => fanout.run(figures).await,
        Mode::Idle(idle) => idle.run(figures).await,
        Mode::Storm(storm) => storm.run(figures).await,
        Mode::Growth(growth) => growth.run(figures).await,
        Mode::Start(start) => start.run(figures).await,
        Mode::Echo(echo) => echo.run().await,
        Mode::Compare(compare) => compare.run(figures).await,
        Mode::Stand(stand) => stand.run().await,
        Mode::Baseline(_) => Err("a bare server has a runtime of its own".into()),
    }
}

/// One thread drives every load: it leaves the other cores to the server. An interrupt drops the run and what it started.
fn on_one_thread(at_most: Duration, run: impl Future<Output = Outcome<()>>) -> Outcome<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            outcome = timeout(at_most, run) => outcome.map_err(|_| format!("not done within {at_most:?}"))?,
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
            _ = terminate.recv() => Err("asked to end".into()),
        }
    })
}
