//! The presence of several nodes. Each knows its own people; together they stand in Redis, under a lease per node.
//!
//! Whenever Redis gives no answer, what this node knows by itself is the answer. What Redis missed, or lost, is written
//! again when it is back; what a dead node left is swept by the others. Both may have to be announced: see
//! [`RedisPresence::start`].

mod keeper;
mod scripts;
mod shelf;
mod stays;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    ids::{NodeId, SessionId, UserId},
    page::Limit,
    presence::{ConnectionId, Entered, Gone, Noticed, PresenceBook, Roll, RollKey},
    store::StoreError,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, timeout},
};

pub use self::keeper::PresenceSettings;
use self::{
    shelf::{Lease, Shelf},
    stays::{Coming, Going, Stays},
};
use super::MemoryPresence;
use crate::redis::{Redis, RedisFault};

/// How many things that were noticed wait to be announced.
const NOTICED: usize = 4_096;
/// How long somebody who comes or goes waits for a lease, while Redis is there.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often somebody's coming or going is tried, when the lease is lost in between.
const TRIES: usize = 3;

/// Presence over Redis.
pub struct RedisPresence(Arc<Inner>);

struct Inner {
    shelf: Shelf,
    node: NodeId,
    settings: PresenceSettings,
    /// This node's people.
    own: MemoryPresence,
    stays: Stays,
    /// The lease under which is written.
    lease: watch::Sender<Option<Lease>>,
    leases: AtomicU64,
    /// Whether Redis is there and refuses.
    failing: AtomicBool,
    /// Since when all of this node's stays stand in Redis.
    settled: watch::Sender<Option<Instant>>,
    noticed: mpsc::Sender<Noticed>,
    closed: AtomicBool,
}

impl RedisPresence {
    /// A book in which nobody of this node stands, and what it notices by itself, to be announced with
    /// [`rondo_domain::presence::Presences::announce`]. Its tasks are put into `tasks`; none of them ends by itself.
    #[must_use]
    pub fn start(
        redis: &Redis,
        node: NodeId,
        settings: PresenceSettings,
        tasks: &mut JoinSet<()>,
    ) -> (Self, mpsc::Receiver<Noticed>) {
        let (noticed, told) = mpsc::channel(NOTICED);
        let inner = Arc::new(Inner {
            shelf: Shelf::new(redis.clone(), node),
            node,
            settings,
            own: MemoryPresence::new(),
            stays: Stays::default(),
            lease: watch::Sender::new(None),
            leases: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            settled: watch::Sender::new(None),
            noticed: noticed.clone(),
            closed: AtomicBool::new(false),
        });
        tasks.spawn(keeper::keep(Arc::clone(&inner)));
        tasks.spawn(keeper::sweep(Arc::clone(&inner), noticed));
        (Self(inner), told)
    }

    /// Waits until this book speaks for all nodes: Redis is there, and holds all of this node's people.
    pub async fn until_shared(&self) {
        let waited = self.0.settled.subscribe().wait_for(Option::is_some).await.map(drop);
        debug_assert!(waited.is_ok(), "the sender lives as long as `self`");
    }

    /// Leaves this node's people to the others, who sweep those that have not come back elsewhere after a moment. Where
    /// there are no others, all are gone at once.
    pub async fn close(&self) {
        let Inner { shelf, settings, node, .. } = &*self.0;
        self.0.closed.store(true, Ordering::Relaxed);
        self.0.lease.send_replace(None);
        let left = async {
            if !shelf.end_lease(settings.parting).await? {
                shelf.clear().await?;
            }
            Ok::<_, RedisFault>(())
        };
        if let Err(fault) = left.await {
            tracing::info!(node.id = %node, error.cause = %fault, "other nodes learn late that this one is gone");
        }
    }
}

impl Inner {
    /// The lease under which may be written now.
    fn lease(&self) -> Option<Lease> {
        *self.lease.borrow()
    }

    /// The lease under which may be written now or in a moment; `None` when Redis is away.
    async fn lease_soon(&self) -> Option<Lease> {
        let lease = self.lease();
        if lease.is_some() || self.is_alone() {
            return lease;
        }
        let mut changes = self.lease.subscribe();
        let soon = timeout(PATIENCE, changes.wait_for(Option::is_some)).await;
        soon.ok()?.ok().and_then(|lease| *lease)
    }

    /// Whether no lease is to be had.
    fn is_alone(&self) -> bool {
        !self.shelf.redis().is_up() || self.failing.load(Ordering::Relaxed) || self.is_closed()
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn next_lease(&self) -> Lease {
        self.leases.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A new lease was taken: from now on is written under it.
    fn begin(&self, lease: Lease) {
        self.lease.send_replace(Some(lease));
    }

    /// All stays stand in Redis, unless the lease was lost meanwhile.
    fn settled(&self, lease: Lease) {
        if self.lease() == Some(lease) {
            self.settled.send_replace(Some(Instant::now()));
        }
    }

    fn is_settled_for(&self, time: Duration) -> bool {
        self.settled.borrow().is_some_and(|since| since.elapsed() >= time)
    }

    /// The lease is no more, or something that was asked under it may or may not have been done: all is compared anew.
    fn lose(&self, lease: Lease) {
        let lost = |held: &mut Option<Lease>| held.take_if(|held| *held == lease).is_some();
        if self.lease.send_if_modified(lost) {
            self.settled.send_replace(None);
        }
    }

    async fn until_lost(&self) {
        let waited = self.lease.subscribe().wait_for(Option::is_none).await.map(drop);
        debug_assert!(waited.is_ok(), "the sender lives as long as `self`");
    }

    /// Whatever is asked under a lease now may be in vain: all is compared anew.
    fn lose_any(&self) {
        if let Some(lease) = self.lease() {
            self.lose(lease);
        }
    }

    /// Takes note of something to announce. Never waits.
    fn notice(&self, noticed: Noticed) {
        if self.noticed.try_send(noticed).is_err() {
            tracing::warn!("too many comings and goings wait to be announced: one was dropped");
        }
    }
}

#[async_trait]
impl PresenceBook for RedisPresence {
    async fn enter(
        &self,
        session: SessionId,
        connection: ConnectionId,
        user: UserId,
        at: Timestamp,
    ) -> Result<Entered, StoreError> {
        let (book, stay) = (&*self.0, (session, connection));
        let own = book.own.enter(session, connection, user, at).await?;
        let coming = Coming::begin(book, stay, user, at);
        for _ in 0..TRIES {
            let Some(lease) = book.lease_soon().await else { break };
            if !coming.goes_on() {
                break;
            }
            let doubt = Doubt::of(book, lease);
            match book.shelf.enter(lease, stay, user, at, false).await {
                Ok(Some(entered)) => {
                    // Whoever went while they came must not stay behind.
                    if coming.is_written() || matches!(book.shelf.exit(lease, stay).await, Ok(Some(_))) {
                        doubt.allay();
                    }
                    return Ok(entered);
                }
                Ok(None) => {} // the lease is lost, and nothing was done
                Err(_) => break,
            }
        }
        Ok(own)
    }

    async fn exit(&self, session: SessionId, connection: ConnectionId) -> Result<Option<Gone>, StoreError> {
        let (book, stay) = (&*self.0, (session, connection));
        let Some(going) = Going::begin(book, stay) else { return Ok(None) };
        let own = book.own.exit(session, connection).await?;
        for _ in 0..TRIES {
            let Some(lease) = book.lease_soon().await else { break };
            let doubt = Doubt::of(book, lease);
            match book.shelf.exit(lease, stay).await {
                Ok(Some(gone)) => {
                    doubt.allay();
                    // Redis may have lost it, or not have heard of it yet; others may have swept it, and said so.
                    let own = own.map(|own| Gone { last: own.last && !going.was_swept(), ..own });
                    return Ok(gone.or(own));
                }
                Ok(None) => {} // the lease is lost, and nothing was done
                Err(_) => break,
            }
        }
        going.leave_to_the_keeper();
        Ok(own)
    }

    async fn roll(&self, session: SessionId, after: Option<RollKey>, limit: Limit) -> Result<Roll, StoreError> {
        let book = &*self.0;
        if book.settled.borrow().is_some()
            && let Some(lease) = book.lease()
        {
            match book.shelf.roll(lease, session, after, limit).await {
                Ok(Some(roll)) => return Ok(roll),
                Ok(None) => book.lose(lease),
                Err(_) => {} // nothing was written
            }
        }
        book.own.roll(session, after, limit).await
    }
}

/// Something that was asked under a lease and may or may not have been done, for as long as this is not allayed. If it
/// never is, all is compared anew.
struct Doubt<'a> {
    book: &'a Inner,
    lease: Lease,
}

impl<'a> Doubt<'a> {
    const fn of(book: &'a Inner, lease: Lease) -> Self {
        Self { book, lease }
    }

    /// It was done.
    const fn allay(self) {
        let _no_longer = std::mem::ManuallyDrop::new(self);
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        self.book.lose(self.lease);
    }
}
