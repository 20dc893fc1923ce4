//! What the attacks stand on: a log in memory, ears instead of connections, and a seeded generator.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use rondo_domain::{
    event::{EventKind, RecordedEvent},
    page::Limit,
    store::{Head, StoreError},
};
use serde_json::Value;
use tokio::{sync::Notify, time::timeout};

use super::super::*;

/// A log in memory.
#[derive(Default)]
pub(super) struct Log(Mutex<Vec<RecordedEvent>>);

impl Log {
    pub(super) fn append(&self, session: SessionId, kind: EventKind, subject: Option<UserId>) -> Arc<RecordedEvent> {
        let mut events = self.0.lock().unwrap();
        let before = events.iter().filter(|event| event.session_id == session).count();
        let position = Position::try_from(before).unwrap() + 1;
        let subject = subject.map(|user| user.0);
        let event = RecordedEvent { session_id: session, position, kind, subject, data: "{}".into() };
        events.push(event.clone());
        Arc::new(event)
    }

    pub(super) fn head(&self, session: SessionId) -> Position {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|event| event.session_id == session)
            .map(|event| event.position)
            .max()
            .unwrap_or(0)
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
        let events = self.0.lock().unwrap();
        let wanted = events.iter().filter(|event| event.session_id == session);
        let wanted = wanted.filter(|event| event.position > after && event.position <= until);
        Ok(wanted.take(limit.get()).cloned().collect())
    }

    async fn heads(&self, sessions: &[SessionId]) -> Result<Vec<Head>, StoreError> {
        Ok(sessions.iter().map(|session| Head { session: *session, position: self.head(*session) }).collect())
    }
}

/// What one connection heard.
#[derive(Default)]
pub(super) struct Ear {
    pub(super) heard: Mutex<Vec<Position>>,
    pub(super) lagged: Mutex<Vec<(Position, Position)>>,
    pub(super) passing: Mutex<Vec<(&'static str, Value)>>,
    pub(super) cut: AtomicBool,
    pub(super) full: AtomicBool,
    pub(super) ended: AtomicBool,
    changed: Notify,
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
    fn tell(&self, name: &'static str, data: &RawValue) -> Result<(), Full> {
        if self.full.load(Ordering::Relaxed) {
            return Err(Full);
        }
        let data: Value = serde_json::from_str(data.get()).unwrap();
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

    fn login_ended(&self, _: LoginId) {}

    fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }
}

pub(super) struct Stage {
    pub(super) log: Arc<Log>,
    pub(super) hub: Hub,
    pub(super) session: SessionId,
    _tasks: JoinSet<()>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let log = Arc::new(Log::default());
        let mut tasks = JoinSet::new();
        let settings = HubSettings { sweep: Duration::from_millis(20), tick: Duration::from_millis(5) };
        let hub = Hub::with_settings(&(Arc::clone(&log) as Arc<dyn EventLog>), 2, settings, &mut tasks);
        Self { log, hub, session: SessionId::generate(), _tasks: tasks }
    }

    pub(super) async fn attach(&self, seat: SeatId, user: UserId) -> Arc<Ear> {
        let ear = Arc::new(Ear::default());
        let outlet = Arc::clone(&ear) as Arc<dyn Outlet>;
        let listener = Listener { seat, user, outlet };
        self.hub.attach(self.session, listener).await.unwrap();
        ear
    }

    pub(super) async fn join(&self, seat: SeatId, user: UserId) -> (Arc<Ear>, Position) {
        let ear = self.attach(seat, user).await;
        let position = self.log.head(self.session);
        self.hub.go_live(self.session, seat, position).await.unwrap();
        (ear, position)
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
