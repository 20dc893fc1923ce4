//! `idle`: connections that are authenticated, have joined, and do nothing; what memory each takes.

use crate::{
    Outcome,
    accounts::{people, rooms},
    crowd::{Crowd, Guest},
    echo::event,
    figures::Figures,
    process::usage,
    report::{mebibytes, micros, ratio, real},
    rounds::baseline,
    subject::{Ending, Subject},
};
use clap::Args;
use serde_json::json;
use std::{net::SocketAddr, time::Duration};
use tokio::time::sleep;

/// Connections that come first and go again, so that what a server makes once is not counted.
const WARM_UP: usize = 100;
const AT_A_TIME: usize = 64;

#[derive(Args, Clone, Debug)]
pub(crate) struct Idle {
    #[command(flatten)]
    subject: Subject,
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(200..=100_000))]
    connections: u32,
    /// People in each room.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    room: u32,
    /// How long all are idle before the memory is looked at.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Measure Rondo alone.
    #[arg(long)]
    alone: bool,
}

/// Resident memory of a server without and with its connections.
#[derive(Clone, Copy, Debug)]
struct Held {
    before: u64,
    after: u64,
    each: f64,
    cpu_share: f64,
}

impl Idle {
    pub(crate) async fn run(self, figures: &Figures) -> Outcome<()> {
        let mut stand = self.subject.stand().await?;
        let people = people(stand.addr, self.connections).await?;
        let count = self.connections.div_ceil(self.room);
        let rooms = rooms(stand.addr, usize::try_from(count)?, &people).await?;
        stand.settle()?;
        if stand.is_own() {
            // What set-up has left free in the process would hide what connections take.
            stand.restart(Ending::Drained).await?;
        }
        let ours =
            rooms.iter().flat_map(|room| room.members.iter().map(|token| Guest::new(token, &room.owner.session, None)));
        let pid = stand.pid.ok_or("the memory of a server is seen by its process: --pid is missing")?;
        println!("{} idle connections, joined to {count} rooms", self.connections);
        let rondo = self.hold(stand.addr, pid, ours.collect()).await?;
        rondo.tell("Rondo");
        figures.put("idle.bytes_each", rondo.each)?;
        figures.put("idle.cpu_share", rondo.cpu_share)?;
        if self.alone {
            return Ok(());
        }
        drop(stand);

        let server = baseline(&["socketio"]).await?;
        let theirs = people.iter().zip(0_u32..).map(|(token, number)| Guest {
            token: Some(token.clone()),
            join: event("join", &json!({ "room": format!("room-{}", number % count) })),
        });
        let bare = self.hold(server.addr, server.pid(), theirs.collect()).await?;
        bare.tell("bare socketioxide");
        figures.put("idle.bare.bytes_each", bare.each)?;
        println!("Rondo holds {:.1} kB more for each", (rondo.each - bare.each) / 1e3);
        Ok(())
    }

    async fn hold(&self, addr: SocketAddr, pid: u32, guests: Vec<Guest>) -> Outcome<Held> {
        let first = guests.iter().take(WARM_UP).cloned().collect();
        let warm = Crowd::gather(addr, None, first, AT_A_TIME).await?;
        for socket in warm.sockets {
            socket.close().await;
        }
        sleep(Duration::from_secs(4)).await;
        let before = usage(pid)?;
        let count = u32::try_from(guests.len())?;
        let crowd = Crowd::gather(addr, Some(pid), guests, AT_A_TIME).await?;
        println!("connected and joined in {:.2} s, {} at a time", crowd.measured.seconds(), AT_A_TIME);
        let mut staying = crowd.stay();
        sleep(Duration::from_secs(1)).await;
        let start = usage(pid)?;
        let time = Duration::from_secs(self.seconds);
        sleep(time).await;
        let after = usage(pid)?;
        if let Some(gone) = staying.try_join_next() {
            gone?;
            return Err("the server ended a connection that was idle".into());
        }
        let cpu = after.cpu.saturating_sub(start.cpu);
        Ok(Held {
            before: before.resident,
            after: after.resident,
            each: ratio(real(after.resident.saturating_sub(before.resident)), f64::from(count)),
            cpu_share: ratio(cpu.as_secs_f64(), time.as_secs_f64()),
        })
    }
}

impl Held {
    fn tell(&self, who: &str) {
        let Self { before, after, each, cpu_share } = self;
        println!(
            "{who}: resident {} before, {} with all: {:.2} kB each; {} of CPU a second while idle",
            mebibytes(*before),
            mebibytes(*after),
            each / 1e3,
            micros(cpu_share * 1e6),
        );
    }
}
