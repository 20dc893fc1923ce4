use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::future::{join, join_all};
use rondo_domain::{cache::Lease, page::Limit};
use tokio::{
    sync::{Notify, Semaphore},
    task::yield_now,
    time::advance,
};

use super::*;

/// Makes numbered answers, and says how often.
#[derive(Clone, Default)]
struct Kitchen {
    made: Arc<AtomicUsize>,
}

impl Kitchen {
    fn count(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    async fn ask(&self, answers: &Answers, asked: Asked) -> String {
        let count = Arc::clone(&self.made);
        let make = move || async move { Ok(Bytes::from(count.fetch_add(1, Ordering::SeqCst).to_string())) };
        text(&answers.find(asked, make).await.unwrap())
    }
}

fn text(kept: &Kept) -> String {
    String::from_utf8(kept.body.to_vec()).unwrap()
}

fn ada() -> Asked {
    Asked::sessions(UserId(uuid::Uuid::from_u128(1)), Limit::default())
}

fn grace() -> Asked {
    Asked::sessions(UserId(uuid::Uuid::from_u128(2)), Limit::default())
}

fn answers() -> Answers {
    Answers::new(None)
}

/// Lets spawned work go on until `done`.
async fn until(done: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if done() {
            return;
        }
        yield_now().await;
    }
    panic!("it never came to that");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_out_for_a_second_to_its_viewer_alone() {
    let (answers, kitchen) = (answers(), Kitchen::default());
    assert_eq!(kitchen.ask(&answers, ada()).await, "0");
    advance(Duration::from_millis(999)).await;
    assert_eq!(kitchen.ask(&answers, ada()).await, "0");
    assert_eq!(kitchen.ask(&answers, grace()).await, "1");
    assert_eq!(kitchen.ask(&answers, Asked::me(ada().viewer)).await, "2");
    assert_eq!(answers.figures(), AnswerFigures { hits: 1, stale: 0, misses: 3, shared: 0 });
}

#[tokio::test(start_paused = true)]
async fn an_older_one_is_given_out_while_a_newer_one_is_made() {
    let (answers, kitchen) = (answers(), Kitchen::default());
    kitchen.ask(&answers, ada()).await;
    advance(Duration::from_millis(1_500)).await;
    assert_eq!(kitchen.ask(&answers, ada()).await, "0");
    assert_eq!(kitchen.ask(&answers, ada()).await, "0", "nobody waits");
    until(|| kitchen.count() == 2 && answers.0.flights.count() == 0).await;
    assert_eq!(kitchen.ask(&answers, ada()).await, "1");
    assert_eq!(answers.figures(), AnswerFigures { hits: 1, stale: 2, misses: 1, shared: 0 });
}

#[tokio::test(start_paused = true)]
async fn none_is_older_than_two_seconds() {
    let (answers, kitchen) = (answers(), Kitchen::default());
    kitchen.ask(&answers, ada()).await;
    advance(OLDEST).await;
    assert_eq!(kitchen.ask(&answers, ada()).await, "1");
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_making_takes_counts() {
    let (answers, kitchen) = (answers(), Kitchen::default());
    let slow = || async {
        advance(OLDEST).await;
        Ok(Bytes::from_static(b"slow"))
    };
    answers.find(ada(), slow).await.unwrap();
    assert_eq!(kitchen.ask(&answers, ada()).await, "0");
}

#[tokio::test(start_paused = true)]
async fn a_write_ends_what_is_kept_for_its_person_alone() {
    let (answers, kitchen) = (answers(), Kitchen::default());
    kitchen.ask(&answers, ada()).await;
    kitchen.ask(&answers, grace()).await;
    answers.hear(&Signal::Stale([ada().viewer].into()));
    assert_eq!(kitchen.ask(&answers, ada()).await, "2");
    assert_eq!(kitchen.ask(&answers, grace()).await, "1");
}

#[tokio::test(start_paused = true)]
async fn one_making_serves_all_who_wait_for_it() {
    let (answers, kitchen) = (answers(), Kitchen::default());
    let told = join_all((0..50).map(|_| kitchen.ask(&answers, ada()))).await;
    assert!(told.iter().all(|told| told == "0"), "{told:?}");
    assert_eq!((kitchen.count(), answers.0.flights.count()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_before_a_write_is_given_to_nobody_after_it() {
    let (answers, kitchen) = (answers(), Kitchen::default());
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let slow = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        move || async move {
            begun.notify_one();
            let _passed = go_on.acquire().await;
            Ok(Bytes::from_static(b"old"))
        }
    };
    let after = async {
        begun.notified().await;
        answers.stale(&[ada().viewer]);
        let new = kitchen.ask(&answers, ada()).await;
        go_on.add_permits(1);
        new
    };
    let (old, new) = join(answers.find(ada(), slow), after).await;
    assert_eq!((text(&old.unwrap()).as_str(), new.as_str()), ("old", "0"), "who asked before may still have it");
    assert_eq!(kitchen.ask(&answers, ada()).await, "0");
}

#[tokio::test(start_paused = true)]
async fn a_making_that_fails_or_is_given_up_leaves_nothing_behind() {
    let (answers, kitchen) = (answers(), Kitchen::default());
    let failing = || async { Err(Fault::unavailable("away")) };
    let told = join(answers.find(ada(), failing), answers.find(ada(), failing)).await;
    assert!(told.0.is_err() && told.1.is_err());
    {
        let endless = Box::pin(answers.find(ada(), std::future::pending));
        assert!(endless.now_or_never().is_none());
    }
    assert_eq!(answers.0.flights.count(), 0);
    assert_eq!(kitchen.ask(&answers, ada()).await, "0");
}

#[tokio::test]
async fn the_bytes_that_are_kept_have_a_bound() {
    let answers = Answers::with_capacity(None, 100_000);
    for number in 0..1_000_u128 {
        let asked = Asked::me(UserId(uuid::Uuid::from_u128(number)));
        answers.find(asked, || async { Ok(Bytes::from(vec![b'x'; 1_000])) }).await.unwrap();
    }
    answers.0.kept.run_pending_tasks();
    assert!(answers.0.kept.weighted_size() <= 100_000);
    assert!(answers.0.kept.entry_count() > 0);
}

/// What two nodes share, in one process.
#[derive(Default)]
struct Pantry {
    kept: Mutex<HashMap<(UserId, String), Vec<u8>>>,
    lease: AtomicU64,
    away: AtomicBool,
}

#[async_trait]
impl SharedAnswers for Pantry {
    async fn find(&self, viewer: UserId, name: &str, _: Duration) -> Found {
        if self.away.load(Ordering::SeqCst) {
            return Found::Away;
        }
        let (name, token) = (name.to_owned(), self.lease.load(Ordering::SeqCst));
        let kept = self.kept.lock().unwrap().get(&(viewer, name.clone())).cloned();
        let missing = Found::Missing(Lease { viewer, name, token });
        kept.map_or(missing, |body| Found::Here { body, age: Duration::from_millis(600) })
    }

    fn keep(&self, lease: Lease, body: &[u8]) {
        if lease.token == self.lease.load(Ordering::SeqCst) {
            self.kept.lock().unwrap().insert((lease.viewer, lease.name), body.to_vec());
        }
    }

    fn forget(&self, viewers: &[UserId]) {
        self.lease.fetch_add(1, Ordering::SeqCst);
        self.kept.lock().unwrap().retain(|(viewer, _), _| !viewers.contains(viewer));
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_share_answers_and_their_age() {
    let pantry = Arc::new(Pantry::default());
    let node = || Answers::new(Some(Arc::clone(&pantry) as Arc<dyn SharedAnswers>));
    let (here, there, kitchen) = (node(), node(), Kitchen::default());
    assert_eq!(kitchen.ask(&here, ada()).await, "0");
    assert_eq!(kitchen.ask(&there, ada()).await, "0");
    assert_eq!(there.figures().shared, 1);
    advance(Duration::from_millis(500)).await;
    assert_eq!(kitchen.ask(&there, ada()).await, "0");
    assert_eq!((here.figures().stale, there.figures().stale), (0, 1), "600 ms old when it came");
}

#[tokio::test(start_paused = true)]
async fn after_a_write_nothing_is_taken_from_other_nodes_for_a_while() {
    let pantry = Arc::new(Pantry::default());
    let answers = Answers::new(Some(Arc::clone(&pantry) as Arc<dyn SharedAnswers>));
    let kitchen = Kitchen::default();
    answers.stale(&[ada().viewer]);
    // A slow node keeps what it read before it heard of the write.
    let lease = Lease { viewer: ada().viewer, name: ada().name().unwrap(), token: 1 };
    pantry.keep(lease, b"old");
    assert_eq!(kitchen.ask(&answers, ada()).await, "0");
    advance(OLDEST + Duration::from_millis(1)).await;
    assert_eq!(kitchen.ask(&answers, ada()).await, "old", "had it been made now");
}

#[tokio::test(start_paused = true)]
async fn without_other_nodes_it_goes_on_alone() {
    let pantry = Arc::new(Pantry::default());
    pantry.away.store(true, Ordering::SeqCst);
    let (answers, kitchen) = (Answers::new(Some(Arc::clone(&pantry) as Arc<dyn SharedAnswers>)), Kitchen::default());
    assert_eq!(kitchen.ask(&answers, ada()).await, "0");
    assert!(pantry.kept.lock().unwrap().is_empty());
}
