//! What every bus promises, and what a bus of several nodes promises besides.

use std::{
    mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use rondo_domain::{
    bus::{Bus, PassingEvent, PersonalSignal, Signal, SignalSink, Topic},
    event::{EventKind, PersonalKind, RecordedEvent},
    ids::{LoginId, NodeId, SessionId, UserId},
};
use rondo_infra::{
    bus::{MemoryBus, RedisBus},
    redis::Redis,
};
use tokio::task::JoinSet;

use crate::{
    ground::{Ground, Way, until},
    harness::soon,
};

/// Remembers what it heard, each in words.
#[derive(Default)]
struct Ear {
    heard: Mutex<Vec<String>>,
    missed: Mutex<Vec<Vec<Topic>>>,
}

impl SignalSink for Ear {
    fn offer(&self, signal: Signal) {
        self.heard.lock().unwrap().push(words(&signal));
    }

    fn missed(&self, topics: &[Topic]) {
        self.missed.lock().unwrap().push(topics.to_vec());
    }
}

impl Ear {
    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn take(&self) -> Vec<String> {
        mem::take(&mut *self.heard.lock().unwrap())
    }

    async fn until_heard(&self, signal: &Signal) {
        let signal = words(signal);
        until(&format!("{signal} was heard"), async || self.heard.lock().unwrap().contains(&signal)).await;
    }

    async fn until_missed(&self, topic: Topic) {
        let missed = async || self.missed.lock().unwrap().iter().any(|topics| topics.contains(&topic));
        until("a topic was missed", missed).await;
    }
}

fn words(signal: &Signal) -> String {
    format!("{signal:?}")
}

fn event(session: SessionId, position: i64) -> Signal {
    Signal::Event(recorded(session, position))
}

fn recorded(session: SessionId, position: i64) -> Arc<RecordedEvent> {
    let (kind, data) = (EventKind::MessageCreate, r#"{"content":"ü"}"#.into());
    Arc::new(RecordedEvent { session_id: session, position, kind, subject: Some(session.0), data, trace: None })
}

fn read(session: SessionId, user: UserId) -> Signal {
    Signal::Passing(Arc::new(PassingEvent::Read { session, user, seq: 3 }))
}

fn personal(user: UserId) -> Signal {
    Signal::Personal(Arc::new(PersonalSignal { user, kind: PersonalKind::InvitationCreate, data: "{}".into() }))
}

fn login_ended(user: UserId) -> Signal {
    Signal::LoginEnded { user, login: LoginId::generate() }
}

/// One signal of each kind.
fn one_of_each(session: SessionId, user: UserId) -> Vec<Signal> {
    let for_two = Signal::EventFor([user, UserId::generate()].into(), recorded(session, 2));
    let stale = Signal::Stale([user].into());
    vec![event(session, 1), for_two, personal(user), read(session, user), login_ended(user), stale]
}

fn publish(bus: &dyn Bus, signals: &[Signal]) {
    for signal in signals {
        bus.publish(signal.clone());
    }
}

/// What every bus promises to a node: it hears itself at once, whether it listens or not, and once.
async fn keeps_its_promises(bus: &dyn Bus, ear: &Ear) {
    let (session, user) = (SessionId::generate(), UserId::generate());
    let (topics, signals) = ([Topic::Session(session), Topic::Person(user)], one_of_each(session, user));
    let said: Vec<_> = signals.iter().map(words).collect();
    let say = || publish(bus, &signals);
    say();
    assert_eq!(ear.take(), said, "without listening");
    soon(bus.listen(&topics)).await;
    say();
    assert_eq!(ear.take(), said, "listening");
    for topic in topics {
        bus.leave(topic);
    }
    say();
    assert_eq!(ear.take(), said, "after leaving");
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    let (bus, ear) = (MemoryBus::new(), Arc::new(Ear::default()));
    bus.publish(login_ended(UserId::generate()));
    assert!(bus.connect(ear.clone()) && !bus.connect(ear.clone()));
    keeps_its_promises(&bus, &ear).await;
}

/// A node's bus and ear.
struct Node {
    redis: Redis,
    bus: RedisBus,
    ear: Arc<Ear>,
    _tasks: JoinSet<()>,
}

impl Node {
    async fn start(ground: &Ground) -> Self {
        let mut tasks = JoinSet::new();
        let redis = ground.redis(&mut tasks).await;
        Self::with(redis, tasks).up().await
    }

    async fn over(way: &Way, ground: &Ground) -> Self {
        let mut tasks = JoinSet::new();
        let redis = ground.redis_over(way, &mut tasks).await;
        Self::with(redis, tasks)
    }

    fn with(redis: Redis, mut tasks: JoinSet<()>) -> Self {
        let (bus, ear) = (RedisBus::start(&redis, NodeId::generate(), &mut tasks), Arc::new(Ear::default()));
        assert!(bus.connect(ear.clone()));
        Self { redis, bus, ear, _tasks: tasks }
    }

    async fn up(self) -> Self {
        until("the bus is up", async || self.bus.is_up()).await;
        self
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_its_promises_and_a_node_does_not_hear_its_own_echo() {
    let ground = Ground::new();
    let (node, other) = (Node::start(&ground).await, Node::start(&ground).await);
    keeps_its_promises(&node.bus, &node.ear).await;
    let (session, user) = (SessionId::generate(), UserId::generate());
    soon(node.bus.listen(&[Topic::Session(session), Topic::Person(user)])).await;
    publish(&node.bus, &one_of_each(session, user));
    soon(node.bus.close()).await;
    // All that was published before this has been brought back by now.
    let last = event(session, 9);
    other.bus.publish(last.clone());
    node.ear.until_heard(&last).await;
    assert_eq!(node.ear.heard().len(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_nodes_hear_what_they_listen_to_and_what_is_for_all() {
    let ground = Ground::new();
    let (ada, grace) = (Node::start(&ground).await, Node::start(&ground).await);
    let deaf = Node::start(&ground).await;
    let (session, user) = (SessionId::generate(), UserId::generate());
    soon(grace.bus.listen(&[Topic::Session(session), Topic::Person(user)])).await;
    let said = one_of_each(session, user);
    publish(&ada.bus, &said);
    for signal in &said {
        match signal {
            Signal::EventFor(_, event) => {
                grace.ear.until_heard(&Signal::EventFor([user].into(), Arc::clone(event))).await;
            }
            signal => grace.ear.until_heard(signal).await,
        }
    }
    assert_eq!(grace.ear.take().len(), said.len());
    for signal in &said[4..] {
        deaf.ear.until_heard(signal).await;
    }
    assert_eq!(deaf.ear.take().len(), 2, "only what is for all");

    grace.bus.leave(Topic::Session(session));
    grace.bus.leave(Topic::Person(user));
    soon(grace.bus.listen(&[Topic::Person(user)])).await; // and so the other topic is left, too
    ada.bus.publish(event(session, 3));
    ada.bus.publish(personal(user));
    grace.ear.until_heard(&personal(user)).await;
    assert_eq!(grace.ear.take().len(), 1);
    assert!(grace.ear.missed.lock().unwrap().concat().is_empty(), "nothing was ever missed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_and_listens_again_at_once_hears() {
    let ground = Ground::new();
    let (ada, grace) = (Node::start(&ground).await, Node::start(&ground).await);
    let topics: Vec<_> = (0..50).map(|_| SessionId::generate()).collect();
    for round in 0..20 {
        for session in &topics {
            soon(grace.bus.listen(&[Topic::Session(*session)])).await;
            if round < 19 {
                grace.bus.leave(Topic::Session(*session));
            }
        }
    }
    for session in &topics {
        let said = event(*session, 1);
        ada.bus.publish(said.clone());
        grace.ear.until_heard(&said).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_arrives_whole_and_in_order() {
    let ground = Ground::new();
    let (ada, grace) = (Node::start(&ground).await, Node::start(&ground).await);
    let session = SessionId::generate();
    soon(grace.bus.listen(&[Topic::Session(session)])).await;
    let people: Vec<_> = (0..2_500).map(|_| UserId::generate()).collect();
    for position in 1..=5_000 {
        ada.bus.publish(event(session, position));
    }
    for user in &people {
        ada.bus.publish(Signal::Stale([*user].into()));
    }
    grace.ear.until_heard(&event(session, 5_000)).await;
    let all_stale = async || {
        let heard = grace.ear.heard().concat();
        people.iter().all(|user| heard.contains(&user.to_string()))
    };
    until("everybody's answers are stale", all_stale).await;
    let (events, stale): (Vec<_>, Vec<_>) = grace.ear.take().into_iter().partition(|words| words.starts_with("Event"));
    assert_eq!(events, (1..=5_000).map(|position| words(&event(session, position))).collect::<Vec<_>>());
    assert!(stale.len() < 1_000, "{} signals for what was told of 2,500 times", stale.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_connection_is_made_again_and_what_may_be_missed_is_told() {
    let (ground, mut carriers) = (Ground::new(), JoinSet::new());
    let way = ground.way(&mut carriers).await;
    let (ada, grace) = (Node::start(&ground).await, Node::over(&way, &ground).await.up().await);
    let sessions = [SessionId::generate(), SessionId::generate()];
    soon(grace.bus.listen(&sessions.map(Topic::Session))).await;
    for position in 1..4 {
        way.break_all();
        for session in sessions {
            grace.ear.until_missed(Topic::Session(session)).await;
        }
        let said = event(sessions[0], position);
        ada.bus.publish(said.clone());
        grace.ear.until_heard(&said).await;
        until("the line for commands is there", async || grace.redis.is_up()).await;
        let answer = event(sessions[1], position);
        soon(ada.bus.listen(&[Topic::Session(sessions[1])])).await;
        let answered = async || {
            grace.bus.publish(answer.clone());
            ada.ear.heard().contains(&words(&answer))
        };
        until("the other node hears", answered).await;
        grace.ear.missed.lock().unwrap().clear();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_node_hears_itself_and_what_is_for_all_waits() {
    let (ground, mut carriers) = (Ground::new(), JoinSet::new());
    let way = ground.way(&mut carriers).await;
    way.cut();
    let (ada, grace) = (Node::start(&ground).await, Node::over(&way, &ground).await);
    assert!(!grace.redis.is_up() && !grace.bus.is_up());
    keeps_its_promises(&grace.bus, &grace.ear).await;
    let (session, ended) = (SessionId::generate(), login_ended(UserId::generate()));
    soon(grace.bus.listen(&[Topic::Session(session)])).await;
    grace.bus.publish(ended.clone());
    assert!(!grace.bus.is_up());

    way.mend();
    ada.ear.until_heard(&ended).await;
    grace.ear.until_missed(Topic::Session(session)).await;
    let said = event(session, 1);
    ada.bus.publish(said.clone());
    grace.ear.until_heard(&said).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_on_which_nothing_comes_any_more_is_noticed() {
    let (ground, mut carriers) = (Ground::new(), JoinSet::new());
    let way = ground.way(&mut carriers).await;
    let grace = Node::over(&way, &ground).await.up().await;
    let (session, late) = (SessionId::generate(), SessionId::generate());
    soon(grace.bus.listen(&[Topic::Session(session)])).await;
    way.stick();
    let began = tokio::time::Instant::now();
    soon(grace.bus.listen(&[Topic::Session(late)])).await;
    assert!(began.elapsed() < Duration::from_secs(10), "whoever listens does not wait for long");
    until("the silence is noticed", async || !grace.bus.is_up()).await;
    until("the line for commands is given up", async || !grace.redis.is_up()).await;
    way.mend();
    grace.ear.until_missed(Topic::Session(session)).await;
    grace.ear.until_missed(Topic::Session(late)).await;
    until("the bus is up", async || grace.bus.is_up()).await;
}
