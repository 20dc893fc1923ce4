//! `compare`: Rondo and the bare servers on this machine, doing the least that each can do.

use crate::{
    Outcome,
    accounts::{Owner, Rest},
    echo::{Emit, event},
    figures::Figures,
    http_client::{Connection, Request},
    http_load::HttpLoad,
    process::Server,
    report::{Measured, table},
    rounds::{Rounds, Side, Turns, baseline, heading},
    socket_client::Socket,
    subject::{Stand, Subject},
};
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
const LIVE: &str = "/health/live";

#[derive(Args, Clone, Debug)]
pub(crate) struct Compare {
    #[command(flatten)]
    subject: Subject,
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

/// The servers whose acknowledgements are compared, and who speaks to Rondo.
struct Both<'a> {
    rondo: &'a Stand,
    bare: &'a Server,
    owners: &'a [Owner],
}

/// One of Rondo's events, and what its acknowledgement must hold.
struct Probe<'a> {
    name: &'a str,
    expected: &'a str,
    event: fn(&Owner) -> String,
}

impl Compare {
    pub(crate) async fn run(self, figures: &Figures) -> Outcome<()> {
        println!("{} rounds of {} s; the bare servers have 2 threads", self.rounds, self.seconds);
        let mut rows = vec![heading()];
        let stand = self.subject.stand().await?;
        self.requests(&stand, &mut rows, figures).await?;
        self.events(&stand, &mut rows, figures).await?;
        println!("\n{}", table(&rows));
        Ok(())
    }

    fn turns(&self) -> Turns {
        Turns { rounds: self.rounds, time: Duration::from_secs(self.seconds), beside: true }
    }

    async fn requests(&self, stand: &Stand, rows: &mut Vec<Vec<String>>, figures: &Figures) -> Outcome<()> {
        let mut connection = Connection::open(stand.addr).await?;
        let status = timeout(PATIENCE, connection.exchange(&Request::get(LIVE).bytes(stand.addr))).await??;
        let body = String::from_utf8(connection.body().to_vec())?;
        println!("GET {LIVE} answers {status}: {body}");
        let bare = baseline(&["actix", "--body", &body]).await?;

        let load = |addr, pid| HttpLoad::same(addr, pid, &Request::get(LIVE).bytes(addr), self.connections);
        let (ours, theirs) = (load(stand.addr, stand.pid), load(bare.addr, Some(bare.pid())));
        let rounds = Rounds::run("GET /health/live", self.turns(), async |side, time| {
            let load = if side == Side::Rondo { &ours } else { &theirs };
            load.lasting(time).measure().await
        })
        .await?;
        rows.extend(rounds.rows("GET /health/live", "requests"));
        rows.push(rounds.row("GET /health/live: CPU µs per request", Measured::cpu_micros_each));
        rounds.figures("compare.live", figures)
    }

    async fn events(&self, stand: &Stand, rows: &mut Vec<Vec<String>>, figures: &Figures) -> Outcome<()> {
        let bare = baseline(&["socketio"]).await?;
        let owners = Rest::open(stand.addr).await?.owners(self.sockets).await?;
        let both = Both { rondo: stand, bare: &bare, owners: &owners };
        let probes = [
            Probe {
                name: "unknown event",
                expected: "unknown_event",
                event: |owner| event("probe:unknown", &json!({ "sessionId": owner.session })),
            },
            Probe {
                name: "session:leave",
                expected: r#""ok":true"#,
                event: |owner| event("session:leave", &json!({ "sessionId": owner.session })),
            },
        ];
        for probe in &probes {
            let rounds = self.event(&both, probe).await?;
            rows.extend(rounds.rows(probe.name, "acknowledgements"));
            rows.push(rounds.row(&format!("{}: CPU µs per acknowledgement", probe.name), Measured::cpu_micros_each));
            rounds.figures(&format!("compare.{}", probe.name.replace([' ', ':'], "_")), figures)?;
        }
        Ok(())
    }

    /// One event of Rondo's against an echo of as many bytes.
    async fn event(&self, both: &Both<'_>, probe: &Probe<'_>) -> Outcome<Rounds> {
        let Probe { name, expected, event: event_of } = probe;
        let first = both.owners.first().ok_or("there is nobody to connect as")?;
        let mut socket = Socket::connect(both.rondo.addr, Some(&first.token)).await?;
        let answer = socket.ask(0, &event_of(first)).await?;
        socket.close().await;
        println!("{name} is acknowledged with: {answer}");
        if !answer.contains(expected) {
            return Err(format!("{name} should have been acknowledged with {expected}").into());
        }
        let echo = event("echo", &serde_json::from_str::<Value>(&answer)?);
        let in_flight = self.in_flight.into();
        Rounds::run(name, self.turns(), async |side, time| {
            let emit = match side {
                Side::Rondo => {
                    let lanes = both.owners.iter().map(|owner| (Some(owner.token.clone()), event_of(owner)));
                    Emit { addr: both.rondo.addr, pid: both.rondo.pid, lanes: lanes.collect(), in_flight, time }
                }
                Side::Bare => {
                    let lanes = vec![(None, echo.clone()); both.owners.len()];
                    Emit { addr: both.bare.addr, pid: Some(both.bare.pid()), lanes, in_flight, time }
                }
            };
            emit.measure().await
        })
        .await
    }
}
