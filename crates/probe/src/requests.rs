//! `requests`: the REST endpoints one by one, those that give the same answer again beside a bare actix handler of the
//! same bytes.

mod endpoint;

use crate::{
    Outcome,
    accounts::{Owner, Rest},
    figures::Figures,
    http_client::Request,
    http_load::HttpLoad,
    process::Server,
    report::{Measured, table},
    rounds::{Rounds, Side, Turns, baseline, heading},
    subject::{Stand, Subject},
};
use clap::Args;
use endpoint::{Beside, Endpoint, People};
use std::time::Duration;

/// Sessions of the person whose lists are read.
const SESSIONS: u32 = 20;
/// Messages in the session whose history is read.
const MESSAGES: u32 = 1_000;

#[derive(Args, Clone, Debug)]
pub(crate) struct Requests {
    #[command(flatten)]
    subject: Subject,
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each server is measured in a round.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Only endpoints whose key holds this.
    #[arg(long, default_value = "")]
    only: String,
    /// Measure Rondo alone.
    #[arg(long)]
    alone: bool,
    /// Measure Rondo beside a Rondo with METRICS=off and RUST_LOG=off, which stands in the place of the bare server.
    #[arg(long, conflicts_with_all = ["alone", "url"])]
    silent: bool,
}

/// A server that counts and logs nothing, and who asks it.
struct Silent {
    stand: Stand,
    people: People,
}

impl Requests {
    pub(crate) async fn run(self, figures: &Figures) -> Outcome<()> {
        let stand = self.subject.stand().await?;
        let people = self.people(&stand).await?;
        stand.settle()?;
        let silent = if self.silent { Some(self.silent().await?) } else { None };
        println!("{} connections, {} rounds of {} s", self.connections, self.rounds, self.seconds);
        let mut rows = vec![heading()];
        let mut fault = None;
        for endpoint in endpoint::all(&people) {
            if !endpoint.key.contains(&self.only) {
                continue;
            }
            let Some(rounds) = self.endpoint(&stand, &endpoint, &people, silent.as_ref()).await? else {
                println!("{}: not measured, for it gives no ETag", endpoint.name);
                continue;
            };
            rows.extend(rounds.rows(&endpoint.name, "requests"));
            rows.push(rounds.row(&format!("{}: CPU µs per request", endpoint.name), Measured::cpu_micros_each));
            rounds.figures(&format!("requests.{}", endpoint.key), figures)?;
            if endpoint.key == "message_create"
                && let Err(error) = stored(&stand, &people.speakers, &rounds).await
            {
                fault = Some(error);
            }
        }
        println!("\n{}", table(&rows));
        fault.map_or(Ok(()), Err)
    }

    async fn silent(&self) -> Outcome<Silent> {
        let stand = self.subject.silent_stand().await?;
        let people = self.people(&stand).await?;
        stand.settle()?;
        println!("bare: Rondo with METRICS=off and RUST_LOG=off");
        Ok(Silent { stand, people })
    }

    async fn people(&self, stand: &Stand) -> Outcome<People> {
        let mut rest = Rest::open(stand.addr).await?;
        let (email, password) = (format!("login-{}@probe.example", stand.addr.port()), "a password of the load tool");
        let token = rest.register_as("probe", &email, password).await?;
        let mut session = String::new();
        for number in 1..=SESSIONS {
            session = rest.create_session(&token, &format!("Probe {number}")).await?;
        }
        let reader = Owner { token, session };
        for number in 1..=MESSAGES {
            rest.say(&reader, &format!("Message {number} of a load test")).await?;
        }
        let speakers = rest.owners(self.connections).await?;
        Ok(People { reader, speakers, email, password: password.to_owned() })
    }

    async fn endpoint(
        &self,
        stand: &Stand,
        endpoint: &Endpoint,
        people: &People,
        silent: Option<&Silent>,
    ) -> Outcome<Option<Rounds>> {
        let Some(lanes) = endpoint.lanes(stand.addr, people).await? else { return Ok(None) };
        let ours = HttpLoad {
            addr: stand.addr,
            pid: stand.pid,
            lanes,
            expected: endpoint.expected,
            time: Duration::from_secs(1),
        };
        let bare = match (silent, endpoint.beside) {
            (Some(silent), _) => silent.load(endpoint.key, ours.expected).await?.map(|load| (None, load)),
            (None, Beside::Same) if !self.alone => {
                let (server, load) = self.bare(stand, endpoint, people).await?;
                Some((Some(server), load))
            }
            (None, _) => None,
        };
        let turns = Turns { rounds: self.rounds, time: Duration::from_secs(self.seconds), beside: bare.is_some() };
        let rounds = Rounds::run(&endpoint.name, turns, async |side, time| match (side, &bare) {
            (Side::Bare, Some((_, theirs))) => theirs.lasting(time).measure().await,
            _ => ours.lasting(time).measure().await,
        });
        rounds.await.map(Some)
    }

    /// A bare server that gives the same body, asked with the same bytes.
    async fn bare(&self, stand: &Stand, endpoint: &Endpoint, people: &People) -> Outcome<(Server, HttpLoad)> {
        let request = Request { token: Some(&people.reader.token), ..Request::get(&endpoint.path) };
        let mut rest = Rest::open(stand.addr).await?;
        let body = String::from_utf8(rest.bytes(request, 200).await?.to_vec())?;
        let server = baseline(&["actix", "--body", &body]).await?;
        let bytes = request.bytes(server.addr);
        let load = HttpLoad::same(server.addr, Some(server.pid()), &bytes, self.connections);
        Ok((server, load))
    }
}

impl Silent {
    /// The same as one endpoint of the other server is asked.
    async fn load(&self, key: &str, expected: u16) -> Outcome<Option<HttpLoad>> {
        let endpoint = endpoint::all(&self.people).into_iter().find(|endpoint| endpoint.key == key);
        let endpoint = endpoint.ok_or("no such endpoint")?;
        let lanes = endpoint.lanes(self.stand.addr, &self.people).await?;
        let (addr, pid, time) = (self.stand.addr, self.stand.pid, Duration::from_secs(1));
        Ok(lanes.map(|lanes| HttpLoad { addr, pid, lanes, expected, time }))
    }
}

/// Each message that was answered with 201 is stored, and stored once.
async fn stored(stand: &Stand, speakers: &[Owner], rounds: &Rounds) -> Outcome<()> {
    let mut rest = Rest::open(stand.addr).await?;
    let mut stored = 0;
    for speaker in speakers {
        stored += rest.last_seq(speaker).await?;
    }
    let answered = rounds.answers();
    println!("POST message: {stored} stored, {answered} answered with 201");
    if stored == answered { Ok(()) } else { Err("messages were lost or repeated".into()) }
}
