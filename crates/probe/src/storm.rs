//! `storm`: different people connect and join at once, and do so again after the server has ended.

use crate::{
    Outcome,
    accounts::{Rest, Room, people, rooms},
    crowd::{Crowd, Guest},
    figures::Figures,
    positions::{Faults, Positions},
    report::{mebibytes, real},
    subject::{Ending, Stand, Subject},
};
use clap::Args;
use serde_json::Value;
use std::time::Duration;
use tokio::{task::JoinSet, time::sleep};

/// Messages in each room that people miss while they are away.
const MISSED: u32 = 5;

#[derive(Args, Clone, Debug)]
pub(crate) struct Storm {
    #[command(flatten)]
    subject: Subject,
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    people: u32,
    /// Rooms that they are spread over; several figures are measured one after the other.
    #[arg(long, value_delimiter = ',', default_value = "20,1", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    rooms: Vec<u16>,
    /// How often each is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Leave out the storms after a drain and after a kill.
    #[arg(long)]
    once: bool,
}

impl Storm {
    pub(crate) async fn run(self, figures: &Figures) -> Outcome<()> {
        let mut stand = self.subject.stand().await?;
        let people = people(stand.addr, self.people).await?;
        let mut faults = Faults::default();
        for count in &self.rooms {
            let rooms = rooms(stand.addr, usize::from(*count), &people).await?;
            stand.settle()?;
            faults.add(self.storms(&mut stand, &rooms, figures).await?);
        }
        println!("recovery: {faults}");
        if faults.any() {
            return Err("events were lost or repeated over a reconnect".into());
        }
        Ok(())
    }

    async fn storms(&self, stand: &mut Stand, rooms: &[Room], figures: &Figures) -> Outcome<Faults> {
        let what = format!("{} people, {} rooms", self.people, rooms.len());
        let key = format!("storm.{}x{}", self.people, rooms.len());
        let mut seconds = Vec::new();
        let mut staying = JoinSet::new();
        for round in 0..self.rounds {
            if round > 0 {
                leave(&mut staying).await;
            }
            let guests = rooms
                .iter()
                .flat_map(|room| room.members.iter().map(|token| Guest::new(token, &room.owner.session, None)));
            let crowd = gather(stand, guests.collect(), &what).await?;
            seconds.push(crowd.measured.seconds());
            staying = crowd.stay();
        }
        figures.put(&format!("{key}.seconds"), crate::report::median(&seconds))?;
        if self.once || !stand.is_own() {
            leave(&mut staying).await;
            return Ok(Faults::default());
        }
        let mut faults = Faults::default();
        for (ending, name) in [(Ending::Drained, "drain"), (Ending::Killed, "kill")] {
            let before = last_positions(stand, rooms).await?;
            let mut rest = Rest::open(stand.addr).await?;
            for room in rooms {
                for number in 0..MISSED {
                    rest.say(&room.owner, &format!("Missed {number}")).await?;
                }
            }
            let started = stand.restart(ending).await?;
            staying.abort_all();
            let after = last_positions(stand, rooms).await?;
            let guests = rooms.iter().zip(&before).flat_map(|(room, before)| {
                room.members.iter().map(|token| Guest::new(token, &room.owner.session, Some(*before)))
            });
            println!("{name}: well again {:.0} ms after the new start", started.as_secs_f64() * 1e3);
            let crowd = gather(stand, guests.collect(), &format!("{what}, after a {name}")).await?;
            figures.put(&format!("{key}.{name}_seconds"), crowd.measured.seconds())?;
            let mut answers = crowd.answers.iter();
            for ((room, before), last) in rooms.iter().zip(&before).zip(&after) {
                for answer in answers.by_ref().take(room.members.len()) {
                    faults.add(recovered(answer, *before)?.faults(*last));
                }
            }
            staying = crowd.stay();
        }
        leave(&mut staying).await;
        Ok(faults)
    }
}

async fn gather(stand: &Stand, guests: Vec<Guest>, what: &str) -> Outcome<Crowd> {
    let count = guests.len();
    let crowd = Crowd::gather(stand.addr, stand.pid, guests, count).await?;
    let measured = &crowd.measured;
    let bytes = crowd.answers.iter().map(|answer| answer.len() as u64).sum::<u64>();
    println!(
        "{what}: all connected and joined in {:.3} s, {:.2} CPU s, each p50 {:.0} ms, p99 {:.0} ms, {:.1} kB of \
         acknowledgement; resident {}",
        measured.seconds(),
        measured.cpu_seconds(),
        measured.quantile_micros(0.5) / 1e3,
        measured.quantile_micros(0.99) / 1e3,
        real(bytes) / real(count as u64) / 1e3,
        mebibytes(measured.resident()),
    );
    Ok(crowd)
}

/// Everybody goes, and the server has time to notice: presence outlives a lost connection by three seconds.
async fn leave(staying: &mut JoinSet<()>) {
    staying.shutdown().await;
    sleep(Duration::from_millis(4_500)).await;
}

async fn last_positions(stand: &Stand, rooms: &[Room]) -> Outcome<Vec<u64>> {
    let mut rest = Rest::open(stand.addr).await?;
    let mut positions = Vec::new();
    for room in rooms {
        positions.push(rest.last_position(&room.owner).await?);
    }
    Ok(positions)
}

/// What a join after a position gave back.
fn recovered(answer: &str, after: u64) -> Outcome<Positions> {
    let answer: Value = serde_json::from_str(answer)?;
    let mut heard = Positions::after(after);
    for event in answer["data"]["events"].as_array().into_iter().flatten() {
        heard.hear(event["position"].as_u64().ok_or("an event has no position")?);
    }
    Ok(heard)
}

#[cfg(test)]
mod tests {
    use super::recovered;
    use crate::Outcome;

    #[test]
    fn what_was_missed_is_counted() -> Outcome<()> {
        let answer = r#"{"ok":true,"data":{"position":9,"events":[{"position":3},{"position":4},{"position":4}]}}"#;
        let faults = recovered(answer, 2)?.faults(5);
        assert_eq!((faults.lost, faults.repeats), (1, 1));
        Ok(())
    }
}
