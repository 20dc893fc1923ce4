//! What is for a person is heard once by each of their connections, whatever the bus does with it.

use super::{listen::Register, *};

/// The ids that a connection was told of, in order of their making.
fn told(ear: &Ear) -> Vec<String> {
    let passing = ear.passing.lock().unwrap();
    let mut ids: Vec<_> = passing.iter().map(|(_, data)| data["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn what_the_bus_loses_doubles_and_shuffles_is_told_once() {
    let seed = u64::from(std::process::id()) + 1;
    println!("seed {seed}");
    let stage = Stage::with_bus(Register::open());
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let people: Vec<_> = (0..5).map(|_| UserId::generate()).collect();
    let ears: Vec<_> = (1..).zip(&people).map(|(seat, user)| stage.welcome(seat, *user)).collect();
    let mut made = vec![Vec::new(); people.len()];
    let mut late = Vec::new();
    for _ in 0..1_500 {
        let who = dice.roll(people.len());
        let (id, signal) = if dice.roll(3) == 0 {
            let (id, signal) = stage.rows.invite(people[who]);
            (id.0, signal)
        } else {
            let (id, signal) = stage.rows.notify(people[who]);
            (id.0, signal)
        };
        made[who].push(id.to_string());
        match dice.roll(4) {
            0 => {} // lost
            1 => late.push(signal),
            2 => {
                stage.hub.offer(signal.clone());
                stage.hub.offer(signal);
            }
            _ => stage.hub.offer(signal),
        }
        if dice.roll(3) == 0 && !late.is_empty() {
            stage.hub.offer(late.swap_remove(dice.roll(late.len())));
        }
        if dice.roll(8) == 0 {
            tokio::task::yield_now().await;
        }
    }
    for (ear, made) in ears.iter().zip(&mut made) {
        made.sort();
        ear.until(|ear| ear.passing.lock().unwrap().len() >= made.len()).await;
    }
    for signal in late {
        stage.hub.offer(signal);
    }
    stage.sweeps(3).await;
    for (ear, made) in ears.iter().zip(&made) {
        assert_eq!(&told(ear), made, "seed {seed}");
    }
    assert!(stage.hub.counts().swept > 0);
}

#[tokio::test]
async fn a_lost_end_of_a_login_is_found() {
    let stage = Stage::with_bus(Register::open());
    let ada = UserId::generate();
    let (first, second) = (stage.welcome(1, ada), stage.welcome(2, ada));
    stage.rows.cut(first.login);
    first.until(|ear| ear.signed_out.load(Ordering::Relaxed)).await;
    assert!(!second.signed_out.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_node_alone_looks_for_nothing() {
    let stage = Stage::new();
    let ear = stage.welcome(1, UserId::generate());
    stage.rows.cut(ear.login);
    stage.message();
    let (hears, _) = stage.join(2, UserId::generate()).await;
    stage.message();
    hears.until(|ear| ear.heard() == [2]).await; // the sweep of the sessions has passed
    assert!(!ear.signed_out.load(Ordering::Relaxed));
    assert_eq!(stage.hub.counts().swept, 0);
}

#[tokio::test]
async fn a_lost_acceptance_is_told_once_to_those_who_are_not_in_the_room() {
    let stage = Stage::with_bus(Register::open());
    let ada = UserId::generate();
    let outside = stage.welcome(1, ada);
    let inside = stage.welcome(2, ada);
    let (room, _) = stage.join(2, ada).await;
    let accept = || stage.log.append(stage.session, EventKind::InvitationAccept, None);
    let lost = accept();
    stage.rows.accept(ada, &lost);
    outside.until(|ear| ear.heard() == [1]).await;
    let told = accept();
    let signal = stage.rows.accept(ada, &told);
    for _ in 0..2 {
        stage.hub.offer(signal.clone());
    }
    outside.until(|ear| ear.heard() == [1, 2]).await;
    room.until(|ear| ear.heard() == [1, 2]).await;

    stage.sweeps(3).await;

    assert_eq!((outside.heard(), inside.heard()), (vec![1, 2], vec![]));
    assert!(stage.hub.counts().swept >= 4, "one acceptance, and the ends of three logins");
}
