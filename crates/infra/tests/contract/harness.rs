//! A database of one's own for each test, with a bus that remembers and a clock that stands still.

use std::{
    collections::HashMap,
    env, fs,
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use rondo_domain::{
    Timestamp,
    account::User,
    bus::{Bus, Signal, Topic},
    clock::Clock,
    event::{EventEncoder, RecordedEvent},
    ids::{InvitationId, MessageId, SessionId, UserId},
    invitation::{Invitation, Status},
    message::{ClientMessageId, Content, NewMessage, PostMessage},
    policy::Role,
    session::{Membership, Session, Visibility},
    store::Store as _,
};
use rondo_infra::db::{Database, DatabaseSettings, SqlStore};
use rondo_wire::PublicEncoder;
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use uuid::Uuid;

/// Runs each case on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($(async fn $name:ident($house:ident: &House) $body:block)+) => {
        mod cases {
            use super::*;
            $(pub(super) async fn $name($house: &House) $body)+
        }
        mod on_sqlite {
            use super::{cases, House};
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                House::sqlite().await.host(async |house| cases::$name(house).await).await;
            })+
        }
        mod on_postgres {
            use super::{cases, House};
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                House::postgres().await.host(async |house| cases::$name(house).await).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// How long a test may take.
const DEADLINE: Duration = Duration::from_mins(1);

/// A migrated database and what stands around it.
pub(crate) struct House {
    pub(crate) settings: DatabaseSettings,
    pub(crate) db: Database,
    pub(crate) store: Arc<SqlStore>,
    pub(crate) bus: Arc<Recorder>,
    pub(crate) clock: Arc<StillClock>,
    kind: Kind,
}

enum Kind {
    InMemory,
    Sqlite { folder: PathBuf },
    Postgres { admin: String, name: String },
}

/// An empty database, not yet migrated.
async fn plot(postgres: bool) -> (DatabaseSettings, Kind) {
    if !postgres {
        let folder = env::temp_dir().join(format!("rondo-test-{}", Uuid::new_v4()));
        let url = format!("sqlite://{}?mode=rwc", folder.join("deep/rondo.db").display());
        return (DatabaseSettings::new(url), Kind::Sqlite { folder });
    }
    let admin = env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL must name a PostgreSQL that may be used");
    let name = format!("rondo_test_{}", Uuid::new_v4().simple());
    run(&admin, &format!("CREATE DATABASE {name}")).await;
    let (server, _) = admin.rsplit_once('/').expect("TEST_POSTGRES_URL must end in /database");
    (DatabaseSettings::new(format!("{server}/{name}")), Kind::Postgres { admin, name })
}

async fn run(url: &str, sql: &str) {
    let connection = sea_orm::Database::connect(url).await.expect("TEST_POSTGRES_URL must be reachable");
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

impl House {
    pub(crate) async fn sqlite() -> Self {
        let (settings, kind) = plot(false).await;
        Self::build(settings, kind).await
    }

    pub(crate) async fn in_memory() -> Self {
        Self::build(DatabaseSettings::new("sqlite::memory:"), Kind::InMemory).await
    }

    pub(crate) async fn postgres() -> Self {
        let (settings, kind) = plot(true).await;
        Self::build(settings, kind).await
    }

    async fn build(mut settings: DatabaseSettings, kind: Kind) -> Self {
        settings.max_connections = 6;
        let db = Database::connect(&settings).await.unwrap();
        db.migrate().await.unwrap();
        let (bus, clock) = (Arc::new(Recorder::default()), Arc::new(StillClock::default()));
        let store = db.store(bus.clone(), Arc::new(PublicEncoder), clock.clone());
        Self { settings, db, store, bus, clock, kind }
    }

    /// What gives events their form.
    pub(crate) fn encoder() -> Arc<dyn EventEncoder> {
        Arc::new(PublicEncoder)
    }

    /// Where a SQLite database lies.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        match &self.kind {
            Kind::Sqlite { folder } => Some(folder.join("deep")),
            Kind::InMemory | Kind::Postgres { .. } => None,
        }
    }

    /// Runs a case within the deadline and clears away, whatever comes of it.
    pub(crate) async fn host(self, case: impl AsyncFnOnce(&Self)) {
        let outcome = AssertUnwindSafe(tokio::time::timeout(DEADLINE, case(&self))).catch_unwind().await;
        let Self { db, kind, store, .. } = self;
        drop(store);
        db.close().await;
        match kind {
            Kind::InMemory => {}
            Kind::Sqlite { folder } => fs::remove_dir_all(folder).unwrap(),
            Kind::Postgres { admin, name } => run(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await,
        }
        match outcome {
            Ok(within) => within.expect("the test took too long"),
            Err(panic) => resume_unwind(panic),
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.kind, Kind::Postgres { .. })
    }

    /// A connection past all that is tried here.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        use secrecy::ExposeSecret as _;
        sea_orm::Database::connect(self.settings.url.expose_secret()).await.unwrap()
    }

    pub(crate) async fn person(&self, name: &str) -> User {
        let user = User {
            id: UserId::generate(),
            email: format!("{}@example.org", name.to_lowercase()),
            display_name: name.to_owned(),
            avatar_url: None,
            bio: None,
            created_at: self.clock.now(),
        };
        let mut tx = self.store.begin().await.unwrap();
        tx.insert_user(&user, None).await.unwrap();
        tx.commit().await.unwrap();
        user
    }

    pub(crate) async fn people(&self, count: usize) -> Vec<User> {
        let mut people = Vec::with_capacity(count);
        for n in 0..count {
            people.push(self.person(&format!("Person{n}")).await);
        }
        people
    }

    /// A session in which these people are.
    pub(crate) async fn session(&self, name: &str, visibility: Visibility, members: &[(&User, Role)]) -> Session {
        let session = self.draft(name, visibility);
        let mut tx = self.store.begin().await.unwrap();
        tx.insert_session(&session).await.unwrap();
        for (user, role) in members {
            tx.insert_member(&membership(session.id, user, *role, session.created_at), 0).await.unwrap();
        }
        tx.commit().await.unwrap();
        session
    }

    /// A private session of one owner.
    pub(crate) async fn room(&self, owner: &User) -> Session {
        self.session("Room", Visibility::Private, &[(owner, Role::Owner)]).await
    }

    pub(crate) fn draft(&self, name: &str, visibility: Visibility) -> Session {
        let now = self.clock.now();
        Session {
            id: SessionId::generate(),
            name: name.to_owned(),
            description: Some("What it is about".to_owned()),
            color: Some("teal".to_owned()),
            image_url: None,
            visibility,
            role: None,
            member_count: 0,
            last_seq: 0,
            last_position: 0,
            unread_count: 0,
            last_message_at: None,
            active_at: now,
            created_at: now,
            updated_at: now,
        }
    }

    pub(crate) fn post(&self, session: SessionId, author: &User, text: &str) -> NewMessage {
        NewMessage {
            id: MessageId::generate(),
            author: author.id,
            post: PostMessage {
                session,
                content: Content::parse(text).unwrap(),
                client_message_id: None,
                reply_to: None,
            },
            created_at: self.clock.now(),
            guard: None,
        }
    }

    pub(crate) fn named_post(&self, session: SessionId, author: &User, text: &str, name: &str) -> NewMessage {
        let mut post = self.post(session, author, text);
        post.post.client_message_id = Some(ClientMessageId::parse(name).unwrap());
        post
    }
}

impl House {
    /// A pending invitation, good for a minute.
    pub(crate) async fn invitation(&self, session: &Session, inviter: &User, email: &str) -> Invitation {
        let invitation = self.unsent(session, inviter, email);
        let mut tx = self.store.begin().await.unwrap();
        tx.insert_invitation(&invitation).await.unwrap();
        tx.commit().await.unwrap();
        invitation
    }

    pub(crate) fn unsent(&self, session: &Session, inviter: &User, email: &str) -> Invitation {
        let now = self.clock.now();
        Invitation {
            id: InvitationId::generate(),
            session_id: session.id,
            session_name: session.name.clone(),
            inviter: inviter.clone(),
            email: email.to_owned(),
            role: Role::Viewer,
            status: Status::Pending,
            expires_at: now + Duration::from_mins(1),
            created_at: now,
        }
    }
}

pub(crate) fn membership(session_id: SessionId, user: &User, role: Role, joined_at: Timestamp) -> Membership {
    Membership { session_id, user: user.clone(), role, joined_at }
}

/// A bus that remembers.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Signal>>);

impl Recorder {
    /// What was told; that something remembered is out of date is no news.
    pub(crate) fn signals(&self) -> Vec<Signal> {
        self.0.lock().unwrap().iter().filter(|signal| !matches!(signal, Signal::Stale(_))).cloned().collect()
    }

    /// For whom what is remembered was said to be out of date.
    pub(crate) fn stale(&self) -> Vec<UserId> {
        let users = |signal: &Signal| if let Signal::Stale(users) = signal { users.to_vec() } else { Vec::new() };
        self.0.lock().unwrap().iter().flat_map(users).collect()
    }

    /// The events alone.
    pub(crate) fn heard(&self) -> Vec<Arc<RecordedEvent>> {
        let event = |signal| if let Signal::Event(event) = signal { Some(event) } else { None };
        self.signals().into_iter().filter_map(event).collect()
    }

    /// Who was told what, in the order in which it came.
    pub(crate) fn told(&self) -> Vec<(UserId, &'static str)> {
        let told = |signal| {
            if let Signal::Personal(signal) = signal { Some((signal.user, signal.kind.as_str())) } else { None }
        };
        self.signals().into_iter().filter_map(told).collect()
    }

    /// The positions per session, in the order in which they came.
    pub(crate) fn positions(&self) -> HashMap<SessionId, Vec<i64>> {
        let mut positions: HashMap<_, Vec<_>> = HashMap::new();
        for event in self.heard() {
            positions.entry(event.session_id).or_default().push(event.position);
        }
        positions
    }
}

#[async_trait::async_trait]
impl Bus for Recorder {
    fn publish(&self, signal: Signal) {
        self.0.lock().unwrap().push(signal);
    }

    async fn listen(&self, _: &[Topic]) {}

    fn leave(&self, _: Topic) {}
}

/// A clock that moves when it is told to.
pub(crate) struct StillClock(AtomicI64);

impl Default for StillClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_800_000_000_000))
    }
}

impl StillClock {
    pub(crate) fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Waits, but not for ever.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it took too long")
}
