//! The domain's store on a database. Its reads are in the files of their aggregates.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    bus::{Bus, PersonalSignal, Signal},
    clock::Clock,
    event::{EventEncoder, PersonalEvent},
    idempotency::{IdempotencyKey, Memo, Remembered},
    ids::{SessionId, UserId},
    message::Message,
    page::{Limit, MessageKey, Page},
    session::{Access, Session},
    store::{Store, StoreError, UnitOfWork},
};
use tokio::time::timeout;

use super::{
    Database,
    error::store,
    guarded::Guarded,
    keys,
    link::Source,
    messages,
    sessions::{founder::Founder, founding},
    unit::SqlUnitOfWork,
};

/// How long a sign of life may take.
const ALIVE: Duration = Duration::from_secs(2);

/// What transactions need besides the database itself.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) encoder: Arc<dyn EventEncoder>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Parts {
    /// Tells a person's connections of something that is committed.
    pub(crate) fn tell(&self, user: UserId, event: &PersonalEvent) {
        let data = self.encoder.encode_personal(event).into();
        let signal = PersonalSignal { user, kind: event.kind(), data };
        self.bus.publish(Signal::Personal(Arc::new(signal)));
    }

    /// Tells every node that what is remembered for these people is out of date. This node knows when it returns.
    pub(crate) fn stale(&self, users: impl Iterator<Item = UserId>) {
        let users: BTreeSet<_> = users.collect();
        if !users.is_empty() {
            self.bus.publish(Signal::Stale(users.into_iter().collect()));
        }
    }
}

/// The domain's store on PostgreSQL or SQLite.
pub struct SqlStore {
    db: Database,
    parts: Parts,
    founder: Founder,
}

impl SqlStore {
    pub(super) fn new(db: Database, bus: Arc<dyn Bus>, encoder: Arc<dyn EventEncoder>, clock: Arc<dyn Clock>) -> Self {
        let founder = Founder::new(db.units.clone());
        Self { db, parts: Parts { bus, encoder, clock }, founder }
    }

    pub(crate) fn reader(&self) -> &Guarded<Source> {
        &self.db.reader
    }

    /// The connections by which batches are written.
    pub(crate) fn lane(&self) -> &Guarded<Source> {
        &self.db.lane
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let txn = self.db.units.begin().await.map_err(store)?;
        Ok(Box::new(SqlUnitOfWork::new(txn, self.parts.clone())))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let asked = timeout(ALIVE, self.reader().row("SELECT 1", []));
        let answer = asked.await.map_err(|_| StoreError::Unavailable("no sign of life in 2 s".to_owned()))?;
        answer.map(|_| ()).map_err(store)
    }

    async fn remembered(
        &self,
        user: UserId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Remembered>, StoreError> {
        keys::find(self.reader(), user, key, now).await.map_err(store)
    }

    async fn found(&self, session: &Session, owner: UserId, memo: Option<Memo>) -> Result<(), StoreError> {
        let founded = match memo {
            None => self.founder.found(session, owner).await,
            Some(memo) => founding::found_once(&self.db.units, session, owner, &memo, self.parts.clock.now()).await,
        };
        self.parts.stale(std::iter::once(owner)); // also when nobody knows what became of it
        founded
    }

    async fn messages_for(
        &self,
        user: UserId,
        session: SessionId,
        key: MessageKey,
        limit: Limit,
    ) -> Result<Option<(Access, Page<Message, MessageKey>)>, StoreError> {
        messages::messages_for(self.reader(), user, session, key, limit).await.map_err(store)
    }
}
