//! `fanout`: rooms that hear messages, each delivery counted, on Rondo and on a bare socketioxide room in turns.

mod ear;
mod hall;

use crate::{
    Outcome,
    accounts::{Rest, Room, people, rooms},
    echo::event,
    figures::Figures,
    process::Server,
    report::{Measured, mebibytes, table},
    rounds::{Rounds, Side, Turns, baseline, heading},
    scan::is_message,
    socket_client::{PATIENCE, Packet, Socket},
    subject::{Stand, Subject},
};
use clap::Args;
use hall::{Hall, Manner, Place};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

#[derive(Args, Clone, Debug)]
pub(crate) struct Fanout {
    #[command(flatten)]
    subject: Subject,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rooms: u32,
    /// Listeners in each room; whoever speaks is not one of them.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    listeners: u32,
    /// Messages of a room that are not with all its listeners yet; several figures are measured one after the other.
    #[arg(long, value_delimiter = ',', default_value = "1,8", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    in_flight: Vec<u16>,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each server is measured in a round.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Measure Rondo alone.
    #[arg(long)]
    alone: bool,
    /// Let the listeners subscribe in GraphQL, beside as many rooms of the same server that listen over Socket.IO.
    #[arg(long)]
    graphql: bool,
}

impl Fanout {
    pub(crate) async fn run(self, figures: &Figures) -> Outcome<()> {
        let stand = self.subject.stand().await?;
        let people = people(stand.addr, self.rooms * self.listeners).await?;
        let rooms = rooms(stand.addr, usize::try_from(self.rooms)?, &people).await?;
        stand.settle()?;
        let rondo = Hall::open(stand.addr, stand.pid, &self.places(&stand, &rooms).await?).await?;
        let bare = match (self.alone, self.graphql) {
            (true, _) => None,
            (false, true) => Some((None, self.sockets(&stand, &people).await?)),
            (false, false) => {
                let (server, hall) = self.bare(&stand, &rooms).await?;
                Some((Some(server), hall))
            }
        };

        let (rooms, listeners) = (self.rooms, self.listeners);
        println!("{rooms} rooms of {listeners} listeners, {} rounds of {} s", self.rounds, self.seconds);
        let mut rows = vec![heading()];
        for in_flight in &self.in_flight {
            let what = format!("{in_flight} in flight");
            let turns = Turns { rounds: self.rounds, time: Duration::from_secs(self.seconds), beside: bare.is_some() };
            let rounds = Rounds::run(&what, turns, async |side, time| {
                let hall = match (side, &bare) {
                    (Side::Bare, Some((_, bare))) => bare,
                    _ => &rondo,
                };
                hall.speak((*in_flight).into(), time).await
            })
            .await?;
            rows.extend(rounds.rows(&what, "deliveries"));
            rows.push(rounds.row(&format!("{what}: CPU s"), Measured::cpu_seconds));
            let road = if self.graphql { "fanout.graphql" } else { "fanout" };
            let key = format!("{road}.{rooms}x{listeners}x{in_flight}");
            rounds.figures(&key, figures)?;
            let resident = rounds.median(Side::Rondo, |measured| crate::report::real(measured.resident()));
            figures.put(&format!("{key}.resident"), resident)?;
        }
        println!("\n{}", table(&rows));
        if let Some(pid) = stand.pid {
            println!("Rondo, resident: {}", mebibytes(crate::process::usage(pid)?.resident));
        }
        let faults = rondo.faults();
        println!("Rondo, {} deliveries in all: {faults}", rondo.deliveries());
        if faults.any() {
            return Err("deliveries were lost, repeated or out of order".into());
        }
        Ok(())
    }

    /// As many rooms of the same server, heard over Socket.IO.
    async fn sockets(&self, stand: &Stand, people: &[String]) -> Outcome<Hall> {
        let rooms = rooms(stand.addr, usize::try_from(self.rooms)?, people).await?;
        Hall::open(stand.addr, stand.pid, &places(stand, &rooms, false).await?).await
    }

    async fn places(&self, stand: &Stand, rooms: &[Room]) -> Outcome<Vec<Place>> {
        places(stand, rooms, self.graphql).await
    }

    /// A bare server, and as many rooms with as many listeners that hear the same bytes.
    async fn bare(&self, stand: &Stand, rooms: &[Room]) -> Outcome<(Server, Hall)> {
        let heard = example(stand, &rooms[0]).await?;
        println!("each delivery has {} bytes", heard.len());
        let server = baseline(&["socketio", "--heard", &heard]).await?;
        let places: Vec<Place> = (0..self.rooms)
            .map(|number| Place {
                manner: Manner::Bare { room: format!("room-{number}") },
                speaker: None,
                listeners: vec![None; usize::try_from(self.listeners).unwrap_or_default()],
                last: 0,
            })
            .collect();
        let hall = Hall::open(server.addr, Some(server.pid()), &places).await?;
        Ok((server, hall))
    }
}

async fn places(stand: &Stand, rooms: &[Room], graphql: bool) -> Outcome<Vec<Place>> {
    let mut rest = Rest::open(stand.addr).await?;
    let mut places = Vec::new();
    for room in rooms {
        let session = room.owner.session.clone();
        places.push(Place {
            manner: if graphql { Manner::GraphQl { session } } else { Manner::Rondo { session } },
            speaker: Some(room.owner.token.clone()),
            listeners: room.members.iter().cloned().map(Some).collect(),
            last: rest.last_position(&room.owner).await?,
        });
    }
    Ok(places)
}

/// A message as Rondo delivers it, said in a session apart.
async fn example(stand: &Stand, room: &Room) -> Outcome<String> {
    let mut rest = Rest::open(stand.addr).await?;
    let session = rest.create_session(&room.owner.token, "An example").await?;
    let mut socket = Socket::connect(stand.addr, Some(&room.owner.token)).await?;
    socket.ask_well(0, &event("session:join", &json!({ "sessionId": session }))).await?;
    let mut said = String::new();
    Manner::Rondo { session }.say(1, &mut said);
    socket.feed(1, &said);
    socket.flush().await?;
    let heard = async {
        loop {
            match socket.packet().await? {
                Packet::Ping => socket.pong().await?,
                Packet::Event(event) if is_message(socket.bytes(&event)) => {
                    return Ok(String::from_utf8(socket.bytes(&event).to_vec())?);
                }
                _ => {}
            }
        }
    };
    timeout(PATIENCE, heard).await.map_err(|_| "a message was not heard")?
}
