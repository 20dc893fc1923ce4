//! What every counter of limits promises, and what counts that nodes share promise besides.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use rondo_domain::{
    Clock,
    ids::UserId,
    limits::{Allowance, Allowances, Key, Limits, Rule},
};
use rondo_infra::limits::{MemoryLimits, RedisLimits};
use tokio::task::JoinSet;

use crate::{
    ground::{Ground, until},
    harness::{StillClock, soon},
};

fn allowances() -> Allowances {
    let allowance = |limit, millis| Allowance::new(NonZeroU32::new(limit).unwrap(), Duration::from_millis(millis));
    [
        (Rule::Message, allowance(3, 3_000)),
        (Rule::Invitation, allowance(7, 1_000)),
        (Rule::LoginByAccount, allowance(1, 60_000)),
        (Rule::LoginByAddress, allowance(1_000, 86_400_000)),
        (Rule::Door, allowance(2, 1_000)),
    ]
    .into_iter()
    .collect()
}

/// What every counter promises; the clock is the counter's.
async fn keeps_its_promises(limits: &dyn Limits, clock: &StillClock) {
    let (ada, grace) = (Key::Account(UserId::generate()), Key::Account(UserId::generate()));
    assert!(limits.keeps(Rule::Message) && !limits.keeps(Rule::Search));
    assert_eq!(limits.take(Rule::Search, ada).await, Ok(None));
    for remaining in [2, 1, 0] {
        let quota = limits.take(Rule::Message, ada).await.unwrap().unwrap();
        assert_eq!((quota.name, quota.limit, quota.remaining), ("messages", 3, remaining));
        assert_eq!(quota.reset_after, Duration::from_secs(u64::from(3 - remaining)));
    }
    let refused = limits.take(Rule::Message, ada).await.unwrap_err().0;
    assert_eq!((refused.remaining, refused.reset_after), (0, Duration::from_secs(1)));
    assert!(limits.take(Rule::Message, grace).await.is_ok(), "each key counts by itself");
    assert!(limits.take(Rule::Invitation, ada).await.is_ok(), "and each rule");
    clock.advance(999);
    let refused = limits.take(Rule::Message, ada).await.unwrap_err().0;
    assert_eq!(refused.reset_after, Duration::from_millis(1));
    clock.advance(1);
    assert!(limits.take(Rule::Message, ada).await.is_ok());
    assert!(limits.take(Rule::Message, ada).await.is_err());
    clock.advance(-600_000);
    let refused = limits.take(Rule::Message, ada).await.unwrap_err().0;
    assert!(refused.reset_after <= Duration::from_secs(1), "a clock that was set back makes nobody wait for longer");
    clock.advance(600_000);
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    let clock = Arc::new(StillClock::default());
    keeps_its_promises(&MemoryLimits::new(&allowances(), clock.clone()), &clock).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_its_promises_and_every_verdict_is_that_of_memory() {
    let (ground, mut tasks, clock) = (Ground::new(), JoinSet::new(), Arc::new(StillClock::default()));
    let redis = ground.redis(&mut tasks).await;
    let shared = RedisLimits::new(redis.clone(), &allowances(), clock.clone());
    keeps_its_promises(&shared, &clock).await;

    let memory = MemoryLimits::new(&allowances(), clock.clone());
    let (ada, address) = (UserId::generate(), "2001:db8::1".parse().unwrap());
    let asked = [
        (Rule::Message, Key::Account(ada)),
        (Rule::Invitation, Key::Account(ada)),
        (Rule::LoginByAccount, Key::Email("ada@example.org")),
        (Rule::LoginByAddress, Key::address(address)),
    ];
    let mut refused = 0;
    for step in 0..1_500_i64 {
        let (rule, key) = asked[usize::try_from(step * 7 % 11 % 4).unwrap()];
        let (ours, theirs) = (shared.take(rule, key).await, memory.take(rule, key).await);
        refused += usize::from(ours.is_err());
        assert_eq!(ours, theirs, "step {step}, at {}", clock.now());
        clock.advance(step * step % 137);
    }
    assert!((100..1_400).contains(&refused), "{refused} of 1,500 were refused");

    for key in ground.keys().await {
        assert!(!key.contains("example.org"), "nobody's e-mail is written down: {key}");
        let lasts: i64 = redis.run(redis::cmd("PTTL").arg(&key)).await.unwrap();
        assert!(lasts > 0, "{key} stays for ever");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_count_together_and_alone_while_redis_is_away() {
    let (ground, mut tasks, clock) = (Ground::new(), JoinSet::new(), Arc::new(StillClock::default()));
    let way = ground.way(&mut tasks).await;
    let (one, other) = (ground.redis_over(&way, &mut tasks).await, ground.redis(&mut tasks).await);
    let nodes = [one.clone(), other].map(|redis| RedisLimits::new(redis, &allowances(), clock.clone()));
    let ada = Key::Account(UserId::generate());
    for node in [0, 1, 0] {
        assert!(soon(nodes[node].take(Rule::Message, ada)).await.is_ok());
    }
    for node in &nodes {
        assert!(soon(node.take(Rule::Message, ada)).await.is_err(), "three are three on all nodes together");
    }
    way.cut();
    until("the loss is known", async || !one.is_up()).await;
    for _ in 0..3 {
        assert!(soon(nodes[0].take(Rule::Message, ada)).await.is_ok(), "this node has counted nothing yet");
    }
    assert!(soon(nodes[0].take(Rule::Message, ada)).await.is_err());
    way.mend();
    until("Redis is back", async || one.is_up()).await;
    clock.advance(1_000);
    assert!(soon(nodes[0].take(Rule::Message, ada)).await.is_ok());
    assert!(soon(nodes[1].take(Rule::Message, ada)).await.is_err());
}
