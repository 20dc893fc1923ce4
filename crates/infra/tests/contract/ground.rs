//! A part of Redis of one's own for each test, and a way there that can be cut.

use std::{env, net::SocketAddr, time::Duration};

use redis::{ConnectionAddr, IntoConnectionInfo as _};
use rondo_infra::redis::{Redis, RedisSettings};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use uuid::Uuid;

use crate::harness::soon;

/// How long a call may take: long, since no test is about a slow machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// A prefix under which a test alone writes. What stands there goes with it, whatever becomes of the test.
pub(crate) struct Ground {
    url: String,
    prefix: String,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let url = env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL must name a Redis that may be used");
        Self { url, prefix: format!("rondo-test-{}:", Uuid::new_v4().simple()) }
    }

    /// A connection to Redis; its task is put into `tasks`.
    pub(crate) async fn redis(&self, tasks: &mut JoinSet<()>) -> Redis {
        let redis = Redis::start(&self.settings(&self.url, DEADLINE), tasks).unwrap();
        soon(redis.until_up()).await;
        redis
    }

    /// A connection over a way that can be cut. Its calls give up soon.
    pub(crate) async fn redis_over(&self, way: &Way, tasks: &mut JoinSet<()>) -> Redis {
        let settings = self.settings(&way.url, Duration::from_secs(1));
        let redis = Redis::start(&settings, tasks).unwrap();
        if way.is_open() {
            soon(redis.until_up()).await;
        }
        redis
    }

    fn settings(&self, url: &str, deadline: Duration) -> RedisSettings {
        RedisSettings { deadline, ..RedisSettings::new(url, &self.prefix) }
    }

    /// A way to Redis.
    pub(crate) async fn way(&self, tasks: &mut JoinSet<()>) -> Way {
        let info = self.url.as_str().into_connection_info().unwrap();
        let ConnectionAddr::Tcp(host, port) = info.addr().clone() else {
            panic!("TEST_REDIS_URL must begin with redis://")
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::new(State::Open(0));
        tasks.spawn(carry(listener, (host, port), state.subscribe()));
        Way { url: detour(&self.url, address), state }
    }

    /// The keys that stand there.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let mut tasks = JoinSet::new();
        let redis = self.redis(&mut tasks).await;
        let (mut keys, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let mut command = redis::cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(format!("{}*", self.prefix)).arg("COUNT").arg(1_000);
            let (next, found): (u64, Vec<String>) = redis.run(&command).await.unwrap();
            keys.extend(found);
            cursor = next;
            if cursor == 0 {
                return keys;
            }
        }
    }

    /// Takes away all that stands there, as when Redis loses its memory.
    pub(crate) async fn clear(&self) {
        let keys = self.keys().await;
        if !keys.is_empty() {
            let redis = self.redis(&mut JoinSet::new()).await;
            let mut command = redis::cmd("DEL");
            command.arg(keys);
            // The task of the connection has ended, but the connection lasts for this call.
            redis.run::<()>(&command).await.unwrap();
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let swept = redis::Client::open(self.url.as_str()).and_then(|client| {
            let mut connection = client.get_connection_with_timeout(DEADLINE)?;
            let pattern = format!("{}*", self.prefix);
            let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query(&mut connection)?;
            if keys.is_empty() { Ok(()) } else { redis::cmd("DEL").arg(keys).query(&mut connection) }
        });
        if let Err(error) = swept {
            eprintln!("`{}*` is left in Redis: {error}", self.prefix);
        }
    }
}

/// A way to Redis.
pub(crate) struct Way {
    url: String,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Connections are carried; those of an earlier number have been broken.
    Open(u32),
    /// Nothing is carried, and nobody learns of it.
    Stuck(u32),
    /// Every connection is refused.
    Cut(u32),
}

impl State {
    const fn number(self) -> u32 {
        match self {
            Self::Open(number) | Self::Stuck(number) | Self::Cut(number) => number,
        }
    }
}

impl Way {
    fn is_open(&self) -> bool {
        matches!(*self.state.borrow(), State::Open(_))
    }

    /// Breaks every connection and lets no other through.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| *state = State::Cut(state.number() + 1));
    }

    /// Breaks every connection; others are let through.
    pub(crate) fn break_all(&self) {
        self.state.send_modify(|state| *state = State::Open(state.number() + 1));
    }

    /// Keeps every connection and carries nothing.
    pub(crate) fn stick(&self) {
        self.state.send_modify(|state| *state = State::Stuck(state.number()));
    }

    /// Carries everything again.
    pub(crate) fn mend(&self) {
        self.state.send_modify(|state| *state = State::Open(state.number()));
    }
}

/// The URL with another address in it.
fn detour(url: &str, address: SocketAddr) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let user = authority.rsplit_once('@').map(|(user, _)| format!("{user}@")).unwrap_or_default();
    format!("{scheme}://{user}{address}/{path}")
}

async fn carry(listener: TcpListener, target: (String, u16), state: watch::Receiver<State>) {
    let mut carried = JoinSet::new();
    loop {
        let Ok((from, _)) = listener.accept().await else { continue };
        let now = *state.borrow();
        if !matches!(now, State::Cut(_)) {
            carried.spawn(carry_one(from, target.clone(), now.number(), state.clone()));
        }
        while carried.try_join_next().is_some() {}
    }
}

async fn carry_one(mut from: TcpStream, target: (String, u16), number: u32, mut state: watch::Receiver<State>) {
    let Ok(mut to) = TcpStream::connect(target).await else { return };
    let mut copying = std::pin::pin!(copy_bidirectional(&mut from, &mut to));
    loop {
        let now = *state.borrow_and_update();
        let carries = matches!(now, State::Open(_));
        if now.number() != number {
            return;
        }
        tokio::select! {
            _ = &mut copying, if carries => return,
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}

/// Waits until something holds, and asks for it again and again.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let asked = async {
        while !holds().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), asked).await;
    assert!(waited.is_ok(), "it never came about that {what}");
}
