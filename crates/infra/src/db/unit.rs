//! One transaction. Its writes are in the files of their aggregates; dropping it rolls back.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use rondo_domain::{
    bus::Signal,
    event::{PersonalEvent, RecordedEvent},
    idempotency::Memo,
    ids::UserId,
    store::{StoreError, UnitOfWork},
};

use super::{error::store, guarded::Guarded, keys, link::Txn, store::Parts, traces};

/// An event that goes to the bus once it is committed.
pub(super) struct Appended {
    pub(super) event: Arc<RecordedEvent>,
    /// For whose connections it also is, in the room or not.
    pub(super) also: Arc<[UserId]>,
}

/// One transaction, and what goes to the bus once it is committed.
pub(crate) struct SqlUnitOfWork {
    pub(super) txn: Guarded<Txn>,
    pub(super) parts: Parts,
    pub(super) appended: Vec<Appended>,
    pub(super) told: Vec<(UserId, PersonalEvent)>,
    /// For whom what is remembered will be out of date: those who act, whose rights are always asked for, and those
    /// whose standing changes.
    stale: BTreeSet<UserId>,
}

impl SqlUnitOfWork {
    pub(super) fn new(txn: Guarded<Txn>, parts: Parts) -> Self {
        Self { txn, parts, appended: Vec::new(), told: Vec::new(), stale: BTreeSet::new() }
    }

    /// Notes that this transaction is about a person.
    pub(super) fn concerns(&mut self, user: UserId) {
        self.stale.insert(user);
    }
}

#[async_trait]
impl UnitOfWork for SqlUnitOfWork {
    fn tell(&mut self, user: UserId, event: PersonalEvent) {
        self.told.push((user, event));
    }

    async fn remember(&mut self, memo: Option<Memo>) -> Result<(), StoreError> {
        match memo {
            Some(memo) => keys::remember(&self.txn, &memo, self.parts.clock.now()).await,
            None => Ok(()),
        }
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { txn, parts, appended, told, stale } = *self;
        let span = traces::commit(&txn, 1);
        let committed = txn.commit().await.map_err(store);
        parts.stale(stale.into_iter().chain(told.iter().map(|(user, _)| *user))); // also when nobody knows what became of it
        committed?;
        let trace = rondo_trace::context_of(&span);
        drop(span);
        for Appended { mut event, also } in appended {
            if trace.is_some() {
                Arc::make_mut(&mut event).trace.clone_from(&trace);
            }
            if !also.is_empty() {
                parts.bus.publish(Signal::EventFor(also, event.clone()));
            }
            parts.bus.publish(Signal::Event(event));
        }
        for (user, event) in told {
            parts.tell(user, &event);
        }
        Ok(())
    }
}
