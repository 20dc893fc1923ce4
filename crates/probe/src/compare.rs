//! `compare`: Rondo and the bare servers on this machine, measured in turns, so that what else the machine does meets both alike.

use crate::{
    Outcome,
    accounts::{Owner, Rest},
    cold_start::Rondo,
    echo::{Emit, event},
    http_client::{Connection, request},
    http_load::Get,
    process::{Server, TempFolder},
    report::{Measured, mebibytes, median, ratio, real, table},
    socket_client::Socket,
    target::Target,
};
use clap::Args;
use serde_json::{Value, json};
use std::{path::PathBuf, process::Command, time::Duration};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
const LIVE: &str = "/health/live";

#[derive(Args, Clone, Debug)]
pub(crate) struct Compare {
    /// Rondo's release binary.
    #[arg(long, default_value = "target/release/rondo")]
    rondo: PathBuf,
    /// A setting for Rondo besides the usual ones, as NAME=value; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each server is measured in a round.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    sockets: u32,
    /// Unacknowledged events that each socket keeps under way.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    in_flight: u16,
}

/// The same measurement on both, round by round.
#[derive(Debug, Default)]
struct Rounds {
    rondo: Vec<Measured>,
    bare: Vec<Measured>,
}

/// The servers whose acknowledgements are compared, and who speaks to Rondo.
struct Both<'a> {
    rondo: &'a Server,
    bare: &'a Server,
    owners: &'a [Owner],
}

enum Load {
    Http(Get),
    Events(Emit),
}

impl Compare {
    pub(crate) async fn run(self) -> Outcome<()> {
        let binary = self.rondo.canonicalize().map_err(|error| format!("no {}: {error}", self.rondo.display()))?;
        let size = std::fs::metadata(&binary)?.len();
        let rondo = Rondo { binary, settings: self.settings.clone() };
        let heading = ["(medians)", "Rondo", "bare", "ratio", "lowest", "highest"];
        let mut rows = vec![heading.map(str::to_owned).to_vec()];

        println!("{} rounds of {} s; the bare servers have 2 threads, as Rondo", self.rounds, self.seconds);
        self.requests(&rondo, &mut rows).await?;
        self.events(&rondo, &mut rows).await?;
        println!("\n{}", table(&rows));

        let mut starts = Vec::new();
        for _ in 0..self.rounds {
            starts.push(rondo.cold_start().await?);
        }
        let empty: Vec<f64> = starts.iter().map(|start| start.empty.as_secs_f64() * 1e3).collect();
        let migrated: Vec<f64> = starts.iter().map(|start| start.migrated.as_secs_f64() * 1e3).collect();
        let resident: Vec<f64> = starts.iter().map(|start| real(start.idle_resident) / 1_048_576.0).collect();
        let row = |what: &str, figure: String| vec![what.to_owned(), figure];
        let rows = [
            row("Rondo by itself", "(median)".to_owned()),
            row("start to first 200 of /health, empty folder", format!("{:.0} ms", median(&empty))),
            row("start to first 200 of /health, migrated folder", format!("{:.0} ms", median(&migrated))),
            row("resident, idle for 3 s after the first start", format!("{:.1} MiB", median(&resident))),
            row("binary", mebibytes(size)),
        ];
        println!("{}", table(&rows));
        Ok(())
    }

    async fn requests(&self, rondo: &Rondo, rows: &mut Vec<Vec<String>>) -> Outcome<()> {
        let folder = TempFolder::create()?;
        let server = rondo.start(folder.path()).await?;
        let mut connection = Connection::open(server.addr).await?;
        let live = request("GET", server.addr, LIVE, None, None);
        let status = timeout(PATIENCE, connection.exchange(&live)).await??;
        let body = String::from_utf8(connection.body().to_vec())?;
        println!("GET {LIVE} answers {status}: {body}");
        let bare = baseline(&["actix", "--port", "0", "--body", &body]).await?;

        let load = |server: &Server, seconds| {
            Load::Http(Get {
                url: Target { addr: server.addr, path: LIVE.to_owned() },
                connections: self.connections,
                seconds,
                token: None,
                pid: Some(server.pid()),
            })
        };
        let rounds = self.rounds("GET /health/live", |seconds| (load(&server, seconds), load(&bare, seconds))).await?;
        rows.push(rounds.row("GET /health/live: requests/s", Measured::rate));
        rows.push(rounds.row("GET /health/live: requests per CPU s", Measured::per_cpu_second));
        rows.push(rounds.row("GET /health/live: CPU µs per request", Measured::cpu_micros_each));
        rows.push(rounds.row("GET /health/live: p99 µs", |measured| measured.quantile_micros(0.99)));
        Ok(())
    }

    async fn events(&self, rondo: &Rondo, rows: &mut Vec<Vec<String>>) -> Outcome<()> {
        let folder = TempFolder::create()?;
        let server = rondo.start(folder.path()).await?;
        let bare = baseline(&["socketio", "--port", "0"]).await?;
        let owners = Rest::open(server.addr).await?.owners(self.sockets).await?;
        let both = Both { rondo: &server, bare: &bare, owners: &owners };
        let unknown = |owner: &Owner| event("probe:unknown", &json!({ "sessionId": owner.session }));
        self.event(&both, "unknown event", "unknown_event", unknown, rows).await?;
        let leave = |owner: &Owner| event("session:leave", &json!({ "sessionId": owner.session }));
        self.event(&both, "session:leave", r#""ok":true"#, leave, rows).await
    }

    /// One event of Rondo's, whose acknowledgement must hold `expected`, against an echo of as many bytes.
    async fn event(
        &self,
        both: &Both<'_>,
        name: &str,
        expected: &str,
        event_of: impl Fn(&Owner) -> String,
        rows: &mut Vec<Vec<String>>,
    ) -> Outcome<()> {
        let first = both.owners.first().ok_or("there is nobody to connect as")?;
        let mut socket = Socket::connect(both.rondo.addr, Some(&first.token)).await?;
        let answer = socket.ask(0, &event_of(first)).await?;
        socket.close().await;
        println!("{name} is acknowledged with: {answer}");
        if !answer.contains(expected) {
            return Err(format!("{name} should have been acknowledged with {expected}").into());
        }
        let echo = event("echo", &serde_json::from_str::<Value>(&answer)?);
        let emit = |server: &Server, lanes, seconds| {
            let (addr, pid, in_flight) = (server.addr, Some(server.pid()), self.in_flight.into());
            Load::Events(Emit { addr, pid, lanes, in_flight, time: Duration::from_secs(seconds) })
        };
        let loads = |seconds| {
            let ours = both.owners.iter().map(|owner| (Some(owner.token.clone()), event_of(owner))).collect();
            let theirs = vec![(None, echo.clone()); both.owners.len()];
            (emit(both.rondo, ours, seconds), emit(both.bare, theirs, seconds))
        };
        let rounds = self.rounds(name, loads).await?;
        rows.push(rounds.row(&format!("{name}: acknowledgements/s"), Measured::rate));
        rows.push(rounds.row(&format!("{name}: CPU µs per acknowledgement"), Measured::cpu_micros_each));
        rows.push(rounds.row(&format!("{name}: p99 µs"), |measured| measured.quantile_micros(0.99)));
        Ok(())
    }

    /// A short round that does not count, then the rounds, each side first in turn.
    async fn rounds(&self, what: &str, loads: impl Fn(u64) -> (Load, Load)) -> Outcome<Rounds> {
        let (rondo, bare) = loads(1);
        rondo.measure(what).await?;
        bare.measure(what).await?;
        let (rondo, bare) = loads(self.seconds);
        let mut rounds = Rounds::default();
        for round in 0..self.rounds {
            if round % 2 == 0 {
                rounds.rondo.push(rondo.measure(what).await?);
            }
            rounds.bare.push(bare.measure(what).await?);
            if round % 2 == 1 {
                rounds.rondo.push(rondo.measure(what).await?);
            }
        }
        Ok(rounds)
    }
}

impl Load {
    async fn measure(&self, what: &str) -> Outcome<Measured> {
        let measured = match self {
            Self::Http(get) => get.measure().await?,
            Self::Events(emit) => emit.measure().await?,
        };
        measured.sound(what)?;
        Ok(measured)
    }
}

impl Rounds {
    /// Both medians, their ratio, and the lowest and highest ratio of any one round.
    fn row(&self, what: &str, figure: impl Fn(&Measured) -> f64) -> Vec<String> {
        let figures = |side: &[Measured]| side.iter().map(&figure).collect::<Vec<f64>>();
        let (rondo, bare) = (figures(&self.rondo), figures(&self.bare));
        let each: Vec<f64> = rondo.iter().zip(&bare).map(|(rondo, bare)| ratio(*rondo, *bare)).collect();
        let (lowest, highest) =
            each.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), r| (low.min(*r), high.max(*r)));
        let plain = |value: f64| if value < 1_000.0 { format!("{value:.2}") } else { format!("{value:.0}") };
        let (rondo, bare) = (median(&rondo), median(&bare));
        let whole = format!("{:.3}", ratio(rondo, bare));
        vec![what.to_owned(), plain(rondo), plain(bare), whole, format!("{lowest:.3}"), format!("{highest:.3}")]
    }
}

/// Starts this very program as a bare server.
async fn baseline(arguments: &[&str]) -> Outcome<Server> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("baseline").args(arguments);
    Server::start("a bare server", &mut command, PATIENCE).await
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text} is not NAME=value"))?;
    Ok((name.to_owned(), value.to_owned()))
}
