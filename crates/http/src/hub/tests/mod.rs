//! Attacks on the order of delivery: hints that are lost, doubled, late and shuffled, joins in the midst, slow readers.

mod chaos;
mod counts;
mod listen;
mod personal;
mod rejoin;
mod rows;
mod stage;

use std::sync::atomic::Ordering;

use rondo_domain::{
    Clock, NotificationId,
    account::User,
    bus::{PassingEvent, PersonalSignal},
    clock::SystemClock,
    event::EventKind,
    event::PersonalKind,
    presence::Present,
};

use super::*;
use stage::{Dice, Ear, Stage};

#[tokio::test]
async fn lost_doubled_late_and_shuffled_hints_are_heard_once_and_in_order() {
    for seed in 1..=20 {
        let stage = Stage::new();
        let mut dice = Dice(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        let (first, _) = stage.join(1, UserId::generate()).await;
        let mut second = None;
        let mut late = Vec::new();
        for round in 0..300 {
            let event = stage.message();
            match dice.roll(5) {
                0 => {} // lost
                1 => late.push(event),
                2 => {
                    stage.hub.offer(Signal::Event(Arc::clone(&event)));
                    stage.hub.offer(Signal::Event(event));
                }
                _ => stage.hub.offer(Signal::Event(event)),
            }
            if dice.roll(4) == 0 && !late.is_empty() {
                let chosen = dice.roll(late.len());
                stage.hub.offer(Signal::Event(late.swap_remove(chosen)));
            }
            if dice.roll(3) == 0 {
                tokio::task::yield_now().await;
            }
            if round == 150 {
                second = Some(stage.join(2, UserId::generate()).await);
            }
        }
        let (second, from) = second.unwrap();
        first.until(|ear| ear.heard().last() == Some(&300)).await;
        second.until(|ear| ear.heard().last() == Some(&300)).await;
        assert_eq!(first.heard(), (1..=300).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(second.heard(), (from + 1..=300).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[tokio::test]
async fn a_lost_last_hint_is_found_by_the_sweep() {
    let stage = Stage::new();
    let (ear, _) = stage.join(1, UserId::generate()).await;
    stage.message();
    ear.until(|ear| ear.heard() == [1]).await;
}

#[tokio::test]
async fn what_comes_during_a_join_is_held_back_and_released_in_order() {
    let stage = Stage::new();
    let (other, _) = stage.join(1, UserId::generate()).await;
    let joining = stage.attach(2, UserId::generate()).await;
    for _ in 0..5 {
        stage.hub.offer(Signal::Event(stage.message()));
    }
    other.until(|ear| ear.heard().len() == 5).await;
    assert!(joining.heard().is_empty());

    stage.hub.go_live(stage.session, 2, 3).await.unwrap(); // its snapshot told up to 3
    stage.hub.offer(Signal::Event(stage.message()));
    joining.until(|ear| ear.heard().last() == Some(&6)).await;
    assert_eq!(joining.heard(), [4, 5, 6]);
}

#[tokio::test]
async fn a_snapshot_ahead_of_the_hints_repeats_nothing() {
    let stage = Stage::new();
    let (other, _) = stage.join(1, UserId::generate()).await;
    let hints: Vec<_> = (0..4).map(|_| stage.message()).collect();
    let (ahead, position) = stage.join(2, UserId::generate()).await;
    assert_eq!(position, 4);
    for hint in hints {
        stage.hub.offer(Signal::Event(hint));
    }
    stage.hub.offer(Signal::Event(stage.message()));
    other.until(|ear| ear.heard().len() == 5).await;
    ahead.until(|ear| !ear.heard().is_empty()).await;
    assert_eq!(ahead.heard(), [5]);
}

#[tokio::test]
async fn a_slow_reader_is_told_what_it_missed_and_slows_nobody() {
    let stage = Stage::new();
    let (slow, _) = stage.join(1, UserId::generate()).await;
    let (quick, _) = stage.join(2, UserId::generate()).await;
    stage.hub.offer(Signal::Event(stage.message()));
    slow.until(|ear| ear.heard() == [1]).await;
    slow.full.store(true, Ordering::Relaxed);
    for _ in 0..10 {
        stage.hub.offer(Signal::Event(stage.message()));
    }
    quick.until(|ear| ear.heard().len() == 11).await;
    slow.full.store(false, Ordering::Relaxed);
    slow.until(|ear| !ear.lagged.lock().unwrap().is_empty() && ear.ended.load(Ordering::Relaxed)).await;
    assert_eq!(*slow.lagged.lock().unwrap(), [(2, 11)]);

    stage.hub.offer(Signal::Event(stage.message()));
    quick.until(|ear| ear.heard().len() == 12).await;
    assert_eq!(slow.heard(), [1], "it hears no more until it joins again");
}

#[tokio::test]
async fn removal_is_the_last_thing_that_the_removed_person_hears() {
    let stage = Stage::new();
    let (ada, grace) = (UserId::generate(), UserId::generate());
    let (first, _) = stage.join(1, grace).await;
    let (second, _) = stage.join(2, grace).await;
    let joining = stage.attach(3, grace).await;
    let (stays, _) = stage.join(4, ada).await;
    stage.hub.offer(Signal::Event(stage.log.append(stage.session, EventKind::MemberRemove, Some(grace))));
    stage.hub.offer(Signal::Event(stage.message()));
    stays.until(|ear| ear.heard().len() == 2).await;
    stage.hub.go_live(stage.session, 3, 0).await.unwrap();
    for ear in [&first, &second, &joining] {
        ear.until(|ear| ear.ended.load(Ordering::Relaxed)).await;
        assert_eq!(ear.heard(), [1]);
    }
    assert!(!stays.ended.load(Ordering::Relaxed));
}

#[tokio::test]
async fn deletion_ends_the_room_for_all() {
    let stage = Stage::new();
    let (ear, _) = stage.join(1, UserId::generate()).await;
    stage.hub.offer(Signal::Event(stage.log.append(stage.session, EventKind::SessionDelete, None)));
    ear.until(|ear| ear.ended.load(Ordering::Relaxed)).await;
    assert_eq!(ear.heard(), [1]);
}

fn user() -> User {
    User {
        id: UserId::generate(),
        email: "ada@example.org".to_owned(),
        display_name: "Ada".to_owned(),
        avatar_url: None,
        bio: None,
        created_at: SystemClock.now(),
    }
}

fn came(session: SessionId, user: &User, seat: SeatId, count: usize) -> Signal {
    let present = Present { user: user.id, connections: 1, since: SystemClock.now() };
    Signal::Passing(Arc::new(PassingEvent::Came { session, user: user.clone(), present, seat, count }))
}

#[tokio::test]
async fn a_coming_is_told_to_all_but_the_connection_that_came_even_to_those_who_are_joining() {
    let stage = Stage::new();
    let grace = user();
    let (there, _) = stage.join(1, UserId::generate()).await;
    let (own, _) = stage.join(2, grace.id).await;
    let joining = stage.attach(3, UserId::generate()).await;
    stage.hub.offer(came(stage.session, &grace, 2, 3));
    stage.hub.go_live(stage.session, 3, 0).await.unwrap();
    for ear in [&there, &joining] {
        ear.until(|ear| !ear.passing.lock().unwrap().is_empty()).await;
        assert_eq!(ear.passing.lock().unwrap()[0].0, "session:join");
    }
    assert!(own.passing.lock().unwrap().is_empty());
}

#[tokio::test]
async fn comings_and_goings_in_a_crowd_are_told_together() {
    let stage = Stage::new();
    let (ear, _) = stage.join(1, UserId::generate()).await;
    let (ada, grace, joan) = (user(), user(), user());
    let session = stage.session;
    stage.hub.offer(came(session, &ada, 2, 101));
    stage.hub.offer(came(session, &grace, 3, 102));
    stage.hub.offer(Signal::Passing(Arc::new(PassingEvent::Went { session, user: grace, count: 101 })));
    stage.hub.offer(Signal::Passing(Arc::new(PassingEvent::Went { session, user: joan.clone(), count: 101 })));
    ear.until(|ear| !ear.passing.lock().unwrap().is_empty()).await;
    let heard = ear.passing.lock().unwrap().clone();
    let (name, data) = &heard[0];
    assert_eq!((*name, heard.len()), ("presence:diff", 1));
    let ids = |field: &str, path: &str| -> Vec<String> {
        let people = data[field].as_array().unwrap();
        people.iter().map(|one| one.pointer(path).unwrap().as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("joined", "/user/id"), [ada.id.to_string()]);
    assert_eq!(ids("left", "/id"), [joan.id.to_string()]);
}

#[tokio::test]
async fn what_is_for_a_person_reaches_each_of_their_connections_once() {
    let stage = Stage::new();
    let ada = UserId::generate();
    let (inside, _) = stage.join(1, ada).await;
    let outside = Arc::new(Ear::default());
    stage.hub.welcome(ada, 1, Arc::clone(&inside) as Arc<dyn Outlet>);
    stage.hub.welcome(ada, 2, Arc::clone(&outside) as Arc<dyn Outlet>);
    let event = stage.log.append(stage.session, EventKind::InvitationAccept, None);
    for _ in 0..2 {
        stage.hub.offer(Signal::EventFor(Arc::from([ada]), Arc::clone(&event)));
        stage.hub.offer(Signal::Event(Arc::clone(&event)));
    }
    for ear in [&inside, &outside] {
        ear.until(|ear| ear.heard() == [1]).await;
    }
    let notified = || {
        let data = format!(r#"{{"id":"{}"}}"#, NotificationId::generate()).into();
        Signal::Personal(Arc::new(PersonalSignal { user: ada, kind: PersonalKind::NotificationCreate, data }))
    };
    let first = notified();
    stage.hub.offer(first.clone());
    stage.hub.offer(first);
    outside.full.store(true, Ordering::Relaxed);
    stage.hub.offer(notified());
    assert_eq!(inside.passing.lock().unwrap().len(), 2);
    assert_eq!(outside.passing.lock().unwrap().len(), 1);
    assert!(outside.cut.load(Ordering::Relaxed), "who cannot be told is cut and reads afresh");
    assert_eq!((inside.heard(), outside.heard()), (vec![1], vec![1]));
}

#[tokio::test]
async fn a_join_that_holds_back_too_much_is_told_what_it_missed() {
    let stage = Stage::new();
    let (other, _) = stage.join(1, UserId::generate()).await;
    let joining = stage.attach(2, UserId::generate()).await;
    for _ in 0..1_200 {
        stage.hub.offer(Signal::Event(stage.message()));
    }
    other.until(|ear| ear.heard().len() == 1_200).await;
    stage.hub.go_live(stage.session, 2, 0).await.unwrap();
    joining.until(|ear| !ear.lagged.lock().unwrap().is_empty()).await;
    assert_eq!(joining.heard(), (1..=1_000).collect::<Vec<_>>());
    assert_eq!(*joining.lagged.lock().unwrap(), [(1_001, 1_200)]);
}

#[tokio::test]
async fn whoever_joins_with_an_older_snapshot_than_the_first_to_go_live_misses_nothing() {
    let stage = Stage::new();
    stage.message();
    let slow = stage.attach(1, UserId::generate()).await;
    let older = stage.log.head(stage.session);
    stage.hub.offer(Signal::Event(stage.message()));
    let (quick, _) = stage.join(2, UserId::generate()).await;
    stage.hub.offer(Signal::Event(stage.message()));

    stage.hub.go_live(stage.session, 1, older).await.unwrap();

    slow.until(|ear| ear.heard() == [2, 3]).await;
    stage.hub.offer(Signal::Event(stage.message()));
    slow.until(|ear| ear.heard() == [2, 3, 4]).await;
    quick.until(|ear| ear.heard() == [3, 4]).await;
}
