//! What the attacks stand on: a log in memory, ears instead of connections, and a seeded generator.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use rondo_domain::{
    event::{EventKind, RecordedEvent},
    page::Limit,
    store::{Head, StoreError},
};
use serde_json::Value;
use tokio::{sync::Notify, time::timeout};

use super::{super::*, rows::Rows};

/// A log in memory.
#[derive(Default)]
pub(super) struct Log(Mutex<HashMap<SessionId, Vec<RecordedEvent>>>);

impl Log {
    pub(super) fn append(&self, session: SessionId, kind: EventKind, subject: Option<UserId>) -> Arc<RecordedEvent> {
        let mut logs = self.0.lock().unwrap();
        let events = logs.entry(session).or_default();
        let position = Position::try_from(events.len()).unwrap() + 1;
        let subject = subject.map(|user| user.0);
        let event = RecordedEvent { session_id: session, position, kind, subject, data: "{}".into(), trace: None };
        events.push(event.clone());
        Arc::new(event)
    }

    pub(super) fn head(&self, session: SessionId) -> Position {
        let logs = self.0.lock().unwrap();
        logs.get(&session).map_or(0, |events| Position::try_from(events.len()).unwrap())
    }
}

#[async_trait]
impl EventLog for Log {
    async fn events(
        &self,
        session: SessionId,
        after: Position,
        until: Position,
        limit: Limit,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        let logs = self.0.lock().unwrap();
        let wanted = logs.get(&session).map_or(&[][..], Vec::as_slice).iter();
        let wanted = wanted.filter(|event| event.position > after && event.position <= until);
        Ok(wanted.take(limit.get()).cloned().collect())
    }

    async fn heads(&self, sessions: &[SessionId]) -> Result<Vec<Head>, StoreError> {
        Ok(sessions.iter().map(|session| Head { session: *session, position: self.head(*session) }).collect())
    }
}

/// What one connection heard.
pub(super) struct Ear {
    pub(super) login: LoginId,
    pub(super) signed_out: AtomicBool,
    pub(super) heard: Mutex<Vec<Position>>,
    pub(super) lagged: Mutex<Vec<(Position, Position)>>,
    pub(super) passing: Mutex<Vec<(&'static str, Value)>>,
    pub(super) cut: AtomicBool,
    pub(super) full: AtomicBool,
    pub(super) ended: AtomicBool,
    changed: Notify,
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            login: LoginId::generate(),
            signed_out: AtomicBool::default(),
            heard: Mutex::default(),
            lagged: Mutex::default(),
            passing: Mutex::default(),
            cut: AtomicBool::default(),
            full: AtomicBool::default(),
            ended: AtomicBool::default(),
            changed: Notify::new(),
        }
    }
}

impl Ear {
    /// Waits, with a deadline, until something is true of this ear.
    pub(super) async fn until(&self, what: impl Fn(&Self) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if what(self) {
                    return;
                }
                changed.await;
            }
        };
        timeout(Duration::from_secs(10), waiting).await.expect("it did not happen in time");
    }

    pub(super) fn heard(&self) -> Vec<Position> {
        self.heard.lock().unwrap().clone()
    }
}

impl Outlet for Ear {
    fn tell(&self, announcement: &Arc<Announcement>) -> Result<(), Full> {
        if self.full.load(Ordering::Relaxed) {
            return Err(Full);
        }
        let name = announcement.name();
        let data: Value = serde_json::from_str(announcement.payload().get()).unwrap();
        let number = |field: &str| data[field].as_i64();
        match (name, number("position")) {
            ("session:lagged", _) => {
                self.lagged.lock().unwrap().push((number("from").unwrap(), number("to").unwrap()));
            }
            (_, Some(position)) => self.heard.lock().unwrap().push(position),
            (name, None) => self.passing.lock().unwrap().push((name, data)),
        }
        self.changed.notify_one();
        Ok(())
    }

    fn ended(&self, _: SessionId) {
        self.ended.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    fn login(&self) -> LoginId {
        self.login
    }

    fn login_ended(&self, login: LoginId) {
        if login == self.login {
            self.signed_out.store(true, Ordering::Relaxed);
            self.changed.notify_one();
        }
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }
}

pub(super) struct Stage {
    pub(super) log: Arc<Log>,
    pub(super) rows: Arc<Rows>,
    pub(super) hub: Hub,
    pub(super) session: SessionId,
    _tasks: JoinSet<()>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with_bus(Arc::new(LocalBus))
    }

    pub(super) fn with_bus(bus: Arc<dyn Bus>) -> Self {
        let settings = HubSettings {
            sweep: Duration::from_millis(20),
            personal_sweep: Duration::from_millis(20),
            tick: Duration::from_millis(5),
        };
        Self::with(bus, settings)
    }

    pub(super) fn with(bus: Arc<dyn Bus>, settings: HubSettings) -> Self {
        let (log, rows) = (Arc::new(Log::default()), Arc::new(Rows::default()));
        let mut tasks = JoinSet::new();
        let parts = HubParts { log: Arc::clone(&log) as _, personal: Arc::clone(&rows) as _, bus };
        let hub = Hub::with_settings(&parts, 2, settings, &mut tasks);
        Self { log, rows, hub, session: SessionId::generate(), _tasks: tasks }
    }

    pub(super) async fn attach(&self, seat: SeatId, user: UserId) -> Arc<Ear> {
        self.attach_to(self.session, seat, user).await
    }

    pub(super) async fn attach_to(&self, session: SessionId, seat: SeatId, user: UserId) -> Arc<Ear> {
        let ear = Arc::new(Ear::default());
        let outlet = Arc::clone(&ear) as Arc<dyn Outlet>;
        self.hub.attach(session, Listener { seat, user, outlet }).await.unwrap();
        ear
    }

    pub(super) async fn join(&self, seat: SeatId, user: UserId) -> (Arc<Ear>, Position) {
        self.join_to(self.session, seat, user).await
    }

    pub(super) async fn join_to(&self, session: SessionId, seat: SeatId, user: UserId) -> (Arc<Ear>, Position) {
        let ear = self.attach_to(session, seat, user).await;
        let position = self.log.head(session);
        self.hub.go_live(session, seat, position).await.unwrap();
        (ear, position)
    }

    /// Waits until so many sweeps for people have passed, which each end a login.
    pub(super) async fn sweeps(&self, count: usize) {
        for seat in 0..count {
            let (user, seat) = (UserId::generate(), SeatId::MAX - SeatId::try_from(seat).unwrap());
            let ear = self.welcome(seat, user);
            self.rows.cut(ear.login);
            ear.until(|ear| ear.signed_out.load(Ordering::Relaxed)).await;
            self.hub.farewell(user, seat);
        }
    }

    /// Waits, with a deadline, until the hub has counted something.
    pub(super) async fn sees(&self, what: impl Fn(&HubCounts) -> bool) {
        let waiting = async {
            while !what(&self.hub.counts()) {
                tokio::task::yield_now().await; // nobody announces what is counted
            }
        };
        timeout(Duration::from_secs(10), waiting).await.expect("it was not counted in time");
    }

    /// A connection of somebody, outside of all rooms.
    pub(super) fn welcome(&self, seat: SeatId, user: UserId) -> Arc<Ear> {
        let ear = Arc::new(Ear::default());
        self.hub.welcome(user, seat, Arc::clone(&ear) as Arc<dyn Outlet>);
        ear
    }

    pub(super) fn message(&self) -> Arc<RecordedEvent> {
        self.log.append(self.session, EventKind::MessageCreate, None)
    }
}

/// A small generator (xorshift), so that a failing order can be seen again by its seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// The bus of a node that runs alone; the tests offer its signals themselves.
struct LocalBus;

#[async_trait]
impl Bus for LocalBus {
    fn publish(&self, _: Signal) {}

    async fn listen(&self, _: &[Topic]) {}

    fn leave(&self, _: Topic) {}

    fn is_local(&self) -> bool {
        true
    }
}
