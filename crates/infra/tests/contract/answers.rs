//! Answers that nodes share over Redis.

use std::time::Duration;

use rondo_domain::{
    cache::{Found, Lease, SharedAnswers},
    ids::UserId,
};
use rondo_infra::cache::RedisAnswers;
use tokio::{task::JoinSet, time::sleep};

use crate::{ground::Ground, harness::soon};

const YOUTH: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(20);
const NAME: &str = "list 20";
const OTHER: &str = "list 21";

/// Looks, again where a busy machine did not answer in time.
async fn look(answers: &RedisAnswers, viewer: UserId, name: &str) -> Found {
    soon(async {
        loop {
            match answers.find(viewer, name, YOUTH).await {
                Found::Away => sleep(LOOK).await,
                found => return found,
            }
        }
    })
    .await
}

async fn missing(answers: &RedisAnswers, viewer: UserId, name: &str) -> Lease {
    match look(answers, viewer, name).await {
        Found::Missing(lease) => lease,
        other => panic!("{other:?}"),
    }
}

/// Keeps an answer and looks until it is there. Each look that does not find it takes the lease over.
async fn kept(answers: &RedisAnswers, mut lease: Lease, body: &[u8]) -> Vec<u8> {
    soon(async {
        loop {
            let (viewer, name) = (lease.viewer, lease.name.clone());
            answers.keep(lease, body);
            sleep(LOOK).await;
            match look(answers, viewer, &name).await {
                Found::Here { body, age } => {
                    assert!(age < YOUTH, "{age:?}");
                    return body;
                }
                Found::Missing(other) => lease = other,
                Found::Away => unreachable!("it was looked again"),
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_answer_of_one_node_is_found_by_another_for_its_viewer_alone() {
    let (ground, mut tasks) = (Ground::new(), JoinSet::new());
    let one = RedisAnswers::start(ground.redis(&mut tasks).await, &mut tasks);
    let other = RedisAnswers::start(ground.redis(&mut tasks).await, &mut tasks);
    let (ada, grace) = (UserId::generate(), UserId::generate());
    kept(&one, missing(&one, ada, NAME).await, b"[1]").await;
    assert!(matches!(look(&other, ada, NAME).await, Found::Here { body, .. } if body == b"[1]"));
    missing(&other, grace, NAME).await;
    missing(&other, ada, OTHER).await;
    ground.clear().await;
}

#[tokio::test]
async fn what_is_forgotten_is_gone_and_nobody_keeps_what_was_begun_before() {
    let (ground, mut tasks) = (Ground::new(), JoinSet::new());
    let answers = RedisAnswers::start(ground.redis(&mut tasks).await, &mut tasks);
    let ada = UserId::generate();
    kept(&answers, missing(&answers, ada, NAME).await, b"old").await;
    let late = missing(&answers, ada, OTHER).await;

    answers.forget(&[ada]);
    soon(async {
        while !ground.keys().await.is_empty() {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;

    // Answers are kept in their order: once the second is there, the first one would be.
    answers.keep(late, b"late");
    assert_eq!(kept(&answers, missing(&answers, ada, NAME).await, b"new").await, b"new");
    missing(&answers, ada, OTHER).await;
    ground.clear().await;
}

#[tokio::test]
async fn all_that_is_kept_ends_by_itself() {
    let (ground, mut tasks) = (Ground::new(), JoinSet::new());
    let redis = ground.redis(&mut tasks).await;
    let answers = RedisAnswers::start(redis.clone(), &mut tasks);
    let ada = UserId::generate();
    kept(&answers, missing(&answers, ada, NAME).await, b"[]").await;
    for key in ground.keys().await {
        let left: i64 = redis.run(redis::cmd("PTTL").arg(&key)).await.unwrap();
        assert!(left > 0, "{key} stays for {left}");
    }
    ground.clear().await;
}

#[tokio::test]
async fn while_redis_is_away_nobody_waits() {
    let (ground, mut tasks) = (Ground::new(), JoinSet::new());
    let way = ground.way(&mut tasks).await;
    way.cut();
    let answers = RedisAnswers::start(ground.redis_over(&way, &mut tasks).await, &mut tasks);
    let ada = UserId::generate();
    assert_eq!(answers.find(ada, NAME, YOUTH).await, Found::Away);
    answers.keep(Lease { viewer: ada, name: NAME.to_owned(), token: 1 }, b"[]");
    answers.forget(&[ada]);
}
