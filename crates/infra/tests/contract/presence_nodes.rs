//! What presence promises where several nodes share it: who is there on any of them is there, and who was left behind by
//! a node, or by Redis, is not forgotten and does not linger.

use std::{collections::HashSet, time::Duration};

use rondo_domain::{
    Timestamp,
    ids::{NodeId, SessionId, UserId},
    page::Limit,
    presence::{Noticed, PresenceBook as _, Roll},
};
use rondo_infra::{
    presence::{PresenceSettings, RedisPresence},
    redis::Redis,
};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    ground::{Ground, Way, until},
    harness::soon,
    presence,
};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

/// Leases that end soon, but not because a machine is slow.
const HASTY: PresenceSettings = PresenceSettings {
    lease: Duration::from_secs(5),
    beat: Duration::from_millis(200),
    sweep: Duration::from_millis(200),
    parting: Duration::from_millis(200),
};

/// A node's presence. Dropping it is what a crash is.
pub(crate) struct Node {
    redis: Redis,
    pub(crate) book: RedisPresence,
    pub(crate) noticed: mpsc::Receiver<Noticed>,
    tasks: JoinSet<()>,
}

impl Node {
    pub(crate) async fn start(ground: &Ground) -> Self {
        let mut tasks = JoinSet::new();
        let redis = ground.redis(&mut tasks).await;
        Self::with(&redis, HASTY, tasks).shared().await
    }

    /// A node that leaves the dead to others.
    pub(crate) async fn start_without_sweeping(ground: &Ground) -> Self {
        let mut tasks = JoinSet::new();
        let redis = ground.redis(&mut tasks).await;
        Self::with(&redis, PresenceSettings { sweep: Duration::from_hours(1), ..HASTY }, tasks).shared().await
    }

    async fn over(way: &Way, ground: &Ground) -> Self {
        let mut tasks = JoinSet::new();
        let redis = ground.redis_over(way, &mut tasks).await;
        Self::with(&redis, HASTY, tasks)
    }

    fn with(redis: &Redis, settings: PresenceSettings, mut tasks: JoinSet<()>) -> Self {
        let (book, noticed) = RedisPresence::start(redis, NodeId::generate(), settings, &mut tasks);
        Self { redis: redis.clone(), book, noticed, tasks }
    }

    pub(crate) async fn shared(self) -> Self {
        soon(self.book.until_shared()).await;
        self
    }

    pub(crate) async fn roll(&self, session: SessionId) -> Roll {
        soon(self.book.roll(session, None, Limit::PRESENCE)).await.unwrap()
    }

    async fn present(&self, session: SessionId) -> Vec<UserId> {
        self.roll(session).await.people.iter().map(|present| present.user).collect()
    }

    async fn enter(&self, session: SessionId, connection: u64, user: UserId, seconds: i64) -> bool {
        soon(self.book.enter(session, connection, user, at(seconds))).await.unwrap().first
    }

    async fn exit(&self, session: SessionId, connection: u64) -> bool {
        soon(self.book.exit(session, connection)).await.unwrap().is_some_and(|gone| gone.last)
    }

    async fn notices(&mut self) -> Noticed {
        tokio::time::timeout(Duration::from_mins(1), self.noticed.recv()).await.expect("nothing was noticed").unwrap()
    }
}

fn people<const N: usize>() -> [UserId; N] {
    std::array::from_fn(|_| UserId::generate())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_its_promises_and_forgets_empty_sessions() {
    let ground = Ground::new();
    let Node { book, noticed: _noticed, tasks: _tasks, .. } = Node::start(&ground).await;
    presence::keeps_its_promises(std::sync::Arc::new(book)).await;
    let keys = ground.keys().await;
    assert!(keys.iter().all(|key| !key.contains("presence") && !key.contains("held")), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_there_once_on_however_many_nodes() {
    let ground = Ground::new();
    let (one, other) = (Node::start(&ground).await, Node::start(&ground).await);
    let (room, [ada, grace]) = (SessionId::generate(), people());
    assert!(one.enter(room, 1, ada, 1).await);
    assert!(!other.enter(room, 2, ada, 2).await);
    assert!(other.enter(room, 3, grace, 3).await);
    let (here, there) = (one.roll(room).await, other.roll(room).await);
    assert_eq!(here, there);
    assert_eq!((here.count, here.people[0].connections, here.people[0].since), (2, 2, at(1)));
    assert!(!one.exit(room, 1).await);
    assert!(other.exit(room, 2).await);
    assert_eq!(one.present(room).await, [grace]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_node_left_is_swept_and_noticed_once() {
    let ground = Ground::new();
    let (mut one, dead) = (Node::start(&ground).await, Node::start(&ground).await);
    let (room, [ada, grace]) = (SessionId::generate(), people());
    one.enter(room, 1, ada, 1).await;
    dead.enter(room, 2, ada, 2).await;
    dead.enter(room, 3, grace, 3).await;
    dead.enter(room, 4, grace, 4).await;
    drop(dead);
    let Noticed::Went { session, gone } = one.notices().await else { panic!("grace went") };
    assert_eq!((session, gone.user, gone.last, gone.count), (room, grace, true, 1));
    let roll = one.roll(room).await;
    assert_eq!((roll.count, roll.people[0].user, roll.people[0].connections), (1, ada, 1));
    assert!(one.exit(room, 1).await);
    assert!(one.noticed.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_node_knows_its_own_people_and_the_others_learn_of_them_later() {
    let (ground, mut carriers) = (Ground::new(), JoinSet::new());
    let way = ground.way(&mut carriers).await;
    way.cut();
    let (one, mut cut) = (Node::start(&ground).await, Node::over(&way, &ground).await);
    let (room, [ada, grace]) = (SessionId::generate(), people());
    one.enter(room, 1, grace, 1).await;
    assert!(cut.enter(room, 2, ada, 2).await);
    assert!(cut.enter(room, 3, grace, 3).await);
    assert!(!cut.enter(room, 4, grace, 4).await);
    assert!(!cut.exit(room, 4).await);
    assert_eq!(cut.present(room).await, [ada, grace]);
    assert_eq!(one.present(room).await, [grace]);

    way.mend();
    let cut_again = &mut cut;
    let Noticed::Came { session, entered } = cut_again.notices().await else { panic!("ada came") };
    assert_eq!((session, entered.present.user, entered.first, entered.count), (room, ada, true, 2));
    soon(cut.book.until_shared()).await;
    for node in [&one, &cut] {
        assert_eq!(node.present(room).await, [grace, ada]);
    }
    assert!(cut.noticed.try_recv().is_err(), "of grace everybody knew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_while_redis_is_away_is_gone_when_it_is_back() {
    let (ground, mut carriers) = (Ground::new(), JoinSet::new());
    let way = ground.way(&mut carriers).await;
    let (one, mut cut) = (Node::start(&ground).await, Node::over(&way, &ground).await.shared().await);
    let (room, [ada, grace]) = (SessionId::generate(), people());
    cut.enter(room, 1, ada, 1).await;
    cut.enter(room, 2, grace, 2).await;
    way.cut();
    until("the loss is known", async || !cut.redis.is_up()).await;
    assert!(cut.exit(room, 1).await);
    assert_eq!(cut.present(room).await, [grace]);
    way.mend();
    soon(cut.book.until_shared()).await;
    until("ada is gone everywhere", async || one.present(room).await == [grace]).await;
    let Noticed::Went { gone, .. } = cut.notices().await else { panic!("the others hear that ada went") };
    assert_eq!(gone.user, ada);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_redis_forgot_is_written_again_in_silence() {
    let ground = Ground::new();
    let (mut one, mut other) = (Node::start(&ground).await, Node::start(&ground).await);
    let (room, [ada, grace]) = (SessionId::generate(), people());
    one.enter(room, 1, ada, 1).await;
    other.enter(room, 2, ada, 2).await;
    other.enter(room, 3, grace, 3).await;
    let before = one.roll(room).await;
    ground.clear().await;
    until("all is as it was", async || one.roll(room).await == before && other.roll(room).await == before).await;
    assert!(one.noticed.try_recv().is_err() && other.noticed.try_recv().is_err(), "nobody came and nobody went");
    assert!(one.exit(room, 1).await.eq(&false) && other.exit(room, 2).await && other.exit(room, 3).await);
    assert_eq!(one.roll(room).await, Roll::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_taken_for_dead_comes_back_with_those_who_are_still_there() {
    let (ground, mut carriers) = (Ground::new(), JoinSet::new());
    let way = ground.way(&mut carriers).await;
    let (mut one, mut stuck) = (Node::start(&ground).await, Node::over(&way, &ground).await.shared().await);
    let (room, [ada, grace, late]) = (SessionId::generate(), people());
    stuck.enter(room, 1, ada, 1).await;
    stuck.enter(room, 2, grace, 2).await;
    way.stick();
    // What is on its way now arrives when nobody expects it any more.
    stuck.enter(room, 3, late, 3).await;
    assert!(stuck.exit(room, 3).await);
    assert!(stuck.exit(room, 1).await);
    let mut gone = HashSet::new();
    while !(gone.contains(&ada) && gone.contains(&grace)) {
        let Noticed::Went { gone: one_more, .. } = one.notices().await else { panic!("who was left behind went") };
        assert!(gone.insert(one_more.user));
    }
    assert_eq!(one.roll(room).await, Roll::default());
    way.mend();
    let Noticed::Came { entered, .. } = stuck.notices().await else { panic!("grace is back") };
    assert_eq!(entered.present.user, grace);
    soon(stuck.book.until_shared()).await;
    for node in [&one, &stuck] {
        assert_eq!(node.present(room).await, [grace]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_leaves_its_people_to_the_others_and_the_last_one_leaves_nothing() {
    let ground = Ground::new();
    let (mut one, stops) = (Node::start(&ground).await, Node::start(&ground).await);
    let (room, [ada, grace]) = (SessionId::generate(), people());
    stops.enter(room, 1, ada, 1).await;
    stops.enter(room, 2, grace, 2).await;
    soon(stops.book.close()).await;
    assert!(!one.enter(room, 3, ada, 3).await, "ada comes back elsewhere in time");
    let Noticed::Went { gone, .. } = one.notices().await else { panic!("grace did not come back") };
    assert_eq!((gone.user, gone.count), (grace, 1));
    assert_eq!(one.present(room).await, [ada]);
    drop(stops);
    soon(one.book.close()).await;
    drop(one);
    let keys = ground.keys().await;
    assert!(keys.iter().all(|key| key.ends_with(":swept")), "{keys:?}");
}
