//! A connection that joins again and is refused hears on, and a slow reader hears of its end.

use super::*;

/// A room with a connection of Grace's that joined, and one of Ada's.
async fn room() -> (Stage, UserId, Arc<Ear>, Arc<Ear>) {
    let (stage, grace) = (Stage::new(), UserId::generate());
    let (ear, _) = stage.join(1, grace).await;
    let (other, _) = stage.join(2, UserId::generate()).await;
    (stage, grace, ear, other)
}

fn lagged(ear: &Ear) -> Vec<(Position, Position)> {
    ear.lagged.lock().unwrap().clone()
}

#[tokio::test]
async fn who_joins_again_and_is_refused_hears_on_without_a_gap() {
    let (stage, grace, ear, other) = room().await;
    stage.hub.offer(Signal::Event(stage.message()));
    ear.until(|ear| ear.heard() == [1]).await;
    let again = stage.attach(1, grace).await;
    stage.hub.offer(Signal::Event(stage.message()));
    other.until(|ear| ear.heard() == [1, 2]).await;
    assert!(again.heard().is_empty());

    assert!(stage.hub.go_back(stage.session, 1).await.unwrap());

    stage.hub.offer(Signal::Event(stage.message()));
    again.until(|ear| ear.heard() == [2, 3]).await;
    assert!(!again.ended.load(Ordering::Relaxed));
}

#[tokio::test]
async fn who_is_refused_because_they_were_removed_hears_of_that_last() {
    let (stage, grace, _, other) = room().await;
    let again = stage.attach(1, grace).await;
    stage.hub.offer(Signal::Event(stage.log.append(stage.session, EventKind::MemberRemove, Some(grace))));
    stage.hub.offer(Signal::Event(stage.message()));
    other.until(|ear| ear.heard() == [1, 2]).await;

    assert!(stage.hub.go_back(stage.session, 1).await.unwrap());

    again.until(|ear| ear.ended.load(Ordering::Relaxed)).await;
    assert_eq!(again.heard(), [1]);
}

#[tokio::test]
async fn who_joins_for_the_first_time_and_is_refused_has_no_seat() {
    let (stage, grace, _, other) = room().await;
    let first = stage.attach(3, grace).await;
    assert!(!stage.hub.go_back(stage.session, 3).await.unwrap());
    assert!(!stage.hub.go_back(SessionId::generate(), 3).await.unwrap());
    stage.hub.offer(Signal::Event(stage.message()));
    other.until(|ear| ear.heard() == [1]).await;
    assert!(first.heard().is_empty());
}

#[tokio::test]
async fn a_slow_reader_that_joins_again_and_is_refused_is_told_what_it_missed() {
    let (stage, grace, slow, other) = room().await;
    slow.full.store(true, Ordering::Relaxed);
    stage.hub.offer(Signal::Event(stage.message()));
    other.until(|ear| ear.heard() == [1]).await;
    let again = stage.attach(1, grace).await;
    stage.hub.offer(Signal::Event(stage.message()));
    other.until(|ear| ear.heard() == [1, 2]).await;

    assert!(stage.hub.go_back(stage.session, 1).await.unwrap());

    again.until(|ear| ear.ended.load(Ordering::Relaxed)).await;
    assert_eq!((lagged(&again), again.heard()), (vec![(1, 2)], vec![]));
}

#[tokio::test]
async fn a_slow_reader_that_is_removed_leaves_at_once_and_hears_of_it_when_it_can() {
    let (stage, grace, slow, other) = room().await;
    slow.full.store(true, Ordering::Relaxed);
    stage.hub.offer(Signal::Event(stage.message()));
    stage.hub.offer(Signal::Event(stage.log.append(stage.session, EventKind::MemberRemove, Some(grace))));
    stage.hub.offer(Signal::Event(stage.message()));
    slow.until(|ear| ear.ended.load(Ordering::Relaxed)).await;
    other.until(|ear| ear.heard() == [1, 2, 3]).await;
    assert!(slow.heard().is_empty());

    slow.full.store(false, Ordering::Relaxed);

    slow.until(|ear| !ear.heard().is_empty()).await;
    assert_eq!((lagged(&slow), slow.heard()), (vec![(1, 1)], vec![2]));
}

#[tokio::test]
async fn a_reader_for_whom_there_is_no_room_for_the_end_alone_hears_just_that() {
    let (stage, _, slow, other) = room().await;
    slow.full.store(true, Ordering::Relaxed);
    stage.hub.offer(Signal::Event(stage.log.append(stage.session, EventKind::SessionDelete, None)));
    other.until(|ear| ear.heard() == [1]).await;
    slow.until(|ear| ear.ended.load(Ordering::Relaxed)).await;

    slow.full.store(false, Ordering::Relaxed);

    slow.until(|ear| ear.heard() == [1]).await;
    assert_eq!(lagged(&slow), []);
}
