//! Many rooms, thousands of events, and a bus that drops, delays, doubles and shuffles at random.

use std::sync::Arc;

use super::{listen::Register, *};

/// Somebody who listens: where, since which position, and what they heard.
struct Hearer {
    room: usize,
    from: Position,
    ear: Arc<Ear>,
}

const ROOMS: usize = 6;
const EVENTS: usize = 6_000;

async fn storm(seed: u64) {
    println!("seed {seed}");
    let stage = Stage::with_bus(Register::open());
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let rooms: Vec<_> = (0..ROOMS).map(|_| SessionId::generate()).collect();
    let (mut hearers, mut late): (Vec<Hearer>, Vec<Signal>) = (Vec::new(), Vec::new());
    let mut seat = 0;
    for _ in 0..EVENTS {
        let room = dice.roll(ROOMS);
        let event = Signal::Event(stage.log.append(rooms[room], EventKind::MessageCreate, None));
        match dice.roll(10) {
            0 | 1 => {} // dropped
            2 | 3 => late.push(event),
            4 => {
                for _ in 0..=dice.roll(3) {
                    stage.hub.offer(event.clone());
                }
            }
            _ => stage.hub.offer(event),
        }
        while dice.roll(3) == 0 && !late.is_empty() {
            stage.hub.offer(late.swap_remove(dice.roll(late.len())));
        }
        match dice.roll(40) {
            0 => {
                seat += 1;
                let room = dice.roll(ROOMS);
                let (ear, from) = stage.join_to(rooms[room], seat, UserId::generate()).await;
                hearers.push(Hearer { room, from, ear });
            }
            1 => {
                // A join whose snapshot is read, and which then takes its time.
                seat += 1;
                let (room, user) = (dice.roll(ROOMS), UserId::generate());
                let ear = stage.attach_to(rooms[room], seat, user).await;
                let from = stage.log.head(rooms[room]);
                for _ in 0..dice.roll(20) {
                    stage.hub.offer(Signal::Event(stage.log.append(rooms[room], EventKind::MessageCreate, None)));
                    tokio::task::yield_now().await;
                }
                stage.hub.go_live(rooms[room], seat, from).await.unwrap();
                hearers.push(Hearer { room, from, ear });
            }
            2 => stage.hub.missed(&rooms.iter().map(|room| Topic::Session(*room)).collect::<Vec<_>>()),
            3..10 => tokio::task::yield_now().await,
            _ => {}
        }
    }
    for Hearer { room, from, ear } in &hearers {
        let head = stage.log.head(rooms[*room]);
        ear.until(|ear| *from == head || ear.heard().last() == Some(&head)).await;
    }
    for signal in late {
        stage.hub.offer(signal);
    }
    stage.sweeps(2).await;
    for Hearer { room, from, ear } in &hearers {
        let expected: Vec<_> = (from + 1..=stage.log.head(rooms[*room])).collect();
        assert_eq!(ear.heard(), expected, "seed {seed}");
        assert!(ear.lagged.lock().unwrap().is_empty(), "seed {seed}");
    }
    assert!(hearers.len() > 100 && stage.hub.counts().repaired > 0, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hearer_hears_each_event_once_and_in_order_on_two_threads() {
    for round in 0..3 {
        storm(u64::from(std::process::id()) * 31 + round).await;
    }
}

#[tokio::test]
async fn every_hearer_hears_each_event_once_and_in_order() {
    for seed in 1..=3 {
        storm(seed).await;
    }
}
