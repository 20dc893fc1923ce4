//! What the hub asks the bus for: each topic once, for as long as somebody listens.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use tokio::{sync::Semaphore, time::timeout};

use super::*;

/// A bus that notes who listens to what, and answers when it is let.
pub(super) struct Register {
    listening: Mutex<HashMap<Topic, i32>>,
    calls: AtomicUsize,
    gate: Semaphore,
    /// Whether a topic was asked for twice, or left when it was not listened to.
    muddled: AtomicUsize,
}

impl Register {
    pub(super) fn open() -> Arc<Self> {
        Self::with(Semaphore::MAX_PERMITS)
    }

    fn shut() -> Arc<Self> {
        Self::with(0)
    }

    fn with(permits: usize) -> Arc<Self> {
        let gate = Semaphore::new(permits);
        Arc::new(Self { listening: Mutex::default(), calls: AtomicUsize::new(0), gate, muddled: AtomicUsize::new(0) })
    }

    fn topics(&self) -> Vec<Topic> {
        self.listening.lock().unwrap().iter().filter(|(_, count)| **count > 0).map(|(topic, _)| *topic).collect()
    }

    async fn until(&self, what: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !what(self) {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), waiting).await.expect("it did not happen in time");
    }

    fn change(&self, topic: Topic, by: i32) {
        let mut listening = self.listening.lock().unwrap();
        let count = listening.entry(topic).or_default();
        *count += by;
        if !(0..=1).contains(count) {
            self.muddled.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[track_caller]
    fn assert_in_order(&self) {
        assert_eq!(self.muddled.load(Ordering::Relaxed), 0, "a topic was asked for twice, or left unasked");
    }
}

#[async_trait]
impl Bus for Register {
    fn publish(&self, _: Signal) {}

    async fn listen(&self, topics: &[Topic]) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        for topic in topics {
            self.change(*topic, 1);
        }
        let _permit = self.gate.acquire().await.unwrap();
    }

    fn leave(&self, topic: Topic) {
        self.change(topic, -1);
    }
}

#[tokio::test]
async fn a_session_is_listened_to_while_somebody_is_in_it() {
    let bus = Register::open();
    let stage = Stage::with_bus(Arc::clone(&bus) as Arc<dyn Bus>);
    let (_first, _) = stage.join(1, UserId::generate()).await;
    let (_second, _) = stage.join(2, UserId::generate()).await;
    assert_eq!(bus.topics(), [Topic::Session(stage.session)]);
    stage.hub.detach(stage.session, 1).await.unwrap();
    let (_third, _) = stage.join(3, UserId::generate()).await;
    for seat in [2, 3] {
        stage.hub.detach(stage.session, seat).await.unwrap();
    }
    bus.until(|bus| bus.topics().is_empty()).await;
    bus.assert_in_order();
}

#[tokio::test]
async fn nobody_has_a_seat_before_the_bus_listens_and_other_rooms_do_not_wait() {
    let bus = Register::open();
    let stage = Stage::with_bus(Arc::clone(&bus) as Arc<dyn Bus>);
    let (there, _) = stage.join(1, UserId::generate()).await;
    let held = bus.gate.acquire_many(u32::MAX >> 4).await.unwrap();
    bus.gate.forget_permits(Semaphore::MAX_PERMITS);
    let other = SessionId::generate();
    let joining = tokio::spawn({
        let hub = stage.hub.clone();
        let listener = Listener { seat: 2, user: UserId::generate(), outlet: Arc::new(Ear::default()) };
        async move { hub.attach(other, listener).await }
    });
    bus.until(|bus| bus.topics().contains(&Topic::Session(other))).await;
    stage.hub.offer(Signal::Event(stage.message()));
    there.until(|ear| ear.heard() == [1]).await;
    assert!(!joining.is_finished());
    drop(held);
    timeout(Duration::from_secs(10), joining).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn quick_comings_and_goings_leave_the_bus_in_balance() {
    let bus = Register::open();
    let stage = Stage::with_bus(Arc::clone(&bus) as Arc<dyn Bus>);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let sessions: Vec<_> = (0..4).map(|_| SessionId::generate()).collect();
    let people: Vec<_> = (0..4).map(|_| UserId::generate()).collect();
    for round in 0..2_000 {
        let (session, user) = (sessions[dice.roll(4)], people[dice.roll(4)]);
        let seat = SeatId::try_from(dice.roll(3)).unwrap() + 1;
        match dice.roll(4) {
            0 => drop(stage.attach_to(session, seat, user).await),
            1 => {
                let listener = Listener { seat, user, outlet: Arc::new(Ear::default()) };
                let attach = stage.hub.attach(session, listener); // given up before it is answered
                let _gone = futures_util::future::poll_immediate(Box::pin(attach)).await;
            }
            2 => stage.hub.detach(session, seat).await.unwrap(),
            _ => {
                stage.welcome(round, user);
                stage.hub.farewell(user, round);
            }
        }
        bus.assert_in_order();
    }
    for session in sessions {
        for seat in 1..=3 {
            stage.hub.detach(session, seat).await.unwrap();
        }
    }
    bus.until(|bus| bus.topics().is_empty()).await;
    bus.assert_in_order();
}

#[tokio::test]
async fn a_storm_of_people_is_asked_for_in_few_calls() {
    let bus = Register::shut();
    let stage = Stage::with_bus(Arc::clone(&bus) as Arc<dyn Bus>);
    let people: Vec<_> = (0..1_000).map(|_| UserId::generate()).collect();
    for (seat, user) in (1..).zip(&people) {
        stage.welcome(seat, *user);
        if seat % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }
    bus.gate.add_permits(1_000);
    bus.until(|bus| bus.topics().len() == 1_000).await;
    assert!(bus.calls.load(Ordering::Relaxed) <= 3, "{} calls", bus.calls.load(Ordering::Relaxed));
    for (seat, user) in (1..).zip(&people) {
        stage.hub.farewell(*user, seat);
    }
    bus.until(|bus| bus.topics().is_empty()).await;
    bus.assert_in_order();
}

#[tokio::test]
async fn what_the_bus_says_it_may_have_missed_is_looked_for_at_once() {
    let bus = Register::open();
    let settings = HubSettings {
        sweep: Duration::from_hours(1),
        personal_sweep: Duration::from_hours(1),
        tick: Duration::from_millis(5),
    };
    let stage = Stage::with(Arc::clone(&bus) as Arc<dyn Bus>, settings);
    let ada = UserId::generate();
    let (ear, _) = stage.join(1, UserId::generate()).await;
    let outside = stage.welcome(2, ada);
    stage.message();
    stage.rows.notify(ada);
    stage.hub.missed(&[Topic::Session(stage.session), Topic::Person(ada)]);
    ear.until(|ear| ear.heard() == [1]).await;
    outside.until(|ear| ear.passing.lock().unwrap().len() == 1).await;
}
