//! What the hub counts is what happened.

use tokio::time::timeout;

use super::*;

#[tokio::test]
async fn deliveries_are_counted_one_by_one_and_timed_from_the_commit() {
    let stage = Stage::new();
    let ears = [stage.join(1, UserId::generate()).await.0, stage.join(2, UserId::generate()).await.0];
    stage.hub.offer_late(Signal::Event(stage.message()), Duration::from_secs(3));
    for ear in &ears {
        ear.until(|ear| ear.heard() == [1]).await;
    }
    stage.sees(|counts| counts.delivered == 2 && counts.lag.count == 2).await;
    let lag = stage.hub.counts().lag;
    assert!(lag.sum >= 6_000_000_000, "{lag:?}");
}

#[tokio::test]
async fn a_slow_reader_counts_once_as_lagged_and_what_it_could_not_take_as_refused() {
    let stage = Stage::new();
    let (slow, _) = stage.join(1, UserId::generate()).await;
    slow.full.store(true, Ordering::Relaxed);
    for _ in 0..5 {
        stage.hub.offer(Signal::Event(stage.message()));
    }
    stage.sees(|counts| counts.refused > 0).await;
    slow.full.store(false, Ordering::Relaxed);
    stage.sees(|counts| counts.lagged == 1).await;
    assert_eq!(stage.hub.counts().delivered, 0);
}

#[tokio::test]
async fn the_end_of_a_membership_is_timed_for_each_connection_that_it_silenced() {
    let stage = Stage::new();
    let grace = UserId::generate();
    stage.join(1, grace).await;
    stage.join(2, grace).await;
    stage.join(3, UserId::generate()).await;
    let removed = stage.log.append(stage.session, EventKind::MemberRemove, Some(grace));
    stage.hub.offer_late(Signal::Event(removed), Duration::from_secs(1));
    stage.sees(|counts| counts.membership_silence.count == 2).await;
    assert!(stage.hub.counts().membership_silence.sum >= 2_000_000_000);
}

#[tokio::test]
async fn the_end_of_a_login_is_timed_where_it_had_connections() {
    let stage = Stage::new();
    let (ada, grace) = (UserId::generate(), UserId::generate());
    let ear = stage.welcome(1, ada);
    let elsewhere = Signal::LoginEnded { user: grace, login: LoginId::generate() };
    stage.hub.offer(elsewhere);
    stage.hub.offer_late(Signal::LoginEnded { user: ada, login: ear.login }, Duration::from_secs(1));
    let silence = stage.hub.counts().login_silence;
    assert_eq!(silence.count, 1);
    assert!(silence.sum >= 1_000_000_000, "{silence:?}");
}

#[tokio::test]
async fn signals_that_find_no_room_are_counted() {
    let stage = Stage::new();
    stage.join(1, UserId::generate()).await;
    for _ in 0..=INBOX {
        stage.hub.offer(Signal::Event(stage.message())); // the shard has no turn meanwhile
    }
    assert!(stage.hub.counts().dropped > 0 && stage.hub.waiting() >= INBOX);
    stage.sees(|counts| counts.repaired > 0).await;
}

#[tokio::test]
async fn signals_of_rooms_in_which_nobody_is_wake_no_shard() {
    let stage = Stage::new();
    stage.hub.offer(Signal::Event(stage.message()));
    assert_eq!(stage.hub.waiting(), 0);

    let (ear, position) = stage.join(1, UserId::generate()).await;
    assert_eq!(position, 1, "what was passed over is in the log");
    stage.hub.offer(Signal::Event(stage.message()));
    ear.until(|ear| ear.heard() == [2]).await;

    stage.hub.detach(stage.session, 1).await.unwrap();
    let left = async {
        while {
            stage.hub.offer(Signal::Event(stage.message()));
            stage.hub.waiting() > 0
        } {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), left).await.expect("the room is empty");
}
