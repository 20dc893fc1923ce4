//! Coming, going, and who is there: one announcement for a person's first connection and one for the last, however many
//! tabs.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{ConnectionId, Entered, Gone, Noticed, PresenceBook, Present, Roll, RollKey};
use crate::{
    account::{Actor, User},
    bus::{Bus, PassingEvent, Signal},
    clock::Clock,
    ids::SessionId,
    page::Limit,
    policy::Action,
    session::{SessionError, admitted},
    store::Store,
};

/// People who are present, with all that is needed to show them.
#[derive(Clone, Debug)]
pub struct JoinedPresence {
    /// As many as were asked for, the longest present first.
    pub people: Vec<(User, Present)>,
    /// How many people there are.
    pub count: usize,
    /// Where the next page starts.
    pub next: Option<RollKey>,
}

/// The seat of a coming that no connection of this node is to be spared.
const NO_SEAT: u64 = u64::MAX;
/// How many announcements wait for the store. Beyond, the oldest are lost.
const OWED: usize = 16_384;

/// Presence.
pub struct Presences {
    store: Arc<dyn Store>,
    book: Arc<dyn PresenceBook>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    /// What could not be announced, since the store did not say whose it is.
    owed: Mutex<VecDeque<Noticed>>,
}

impl Presences {
    /// Puts the service together.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, book: Arc<dyn PresenceBook>, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Self {
        Self { store, book, bus, clock, owed: Mutex::default() }
    }

    /// A connection of somebody who was let in comes; the room hears of a person's first.
    ///
    /// # Errors
    /// The store's.
    pub async fn enter(
        &self,
        actor: &Actor,
        session: SessionId,
        connection: ConnectionId,
        seat: u64,
    ) -> Result<(), SessionError> {
        let entered = self.book.enter(session, connection, actor.user, self.clock.now()).await?;
        self.came(session, entered, seat).await
    }

    /// A connection goes; the room hears of a person's last, as soon as the store says who that is.
    ///
    /// # Errors
    /// The store's.
    pub async fn exit(&self, session: SessionId, connection: ConnectionId) -> Result<(), SessionError> {
        match self.book.exit(session, connection).await? {
            Some(gone) => {
                self.announce(Noticed::Went { session, gone }).await;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The room hears of what the book found out by itself, as soon as the store says whose it is.
    pub async fn announce(&self, noticed: Noticed) {
        if self.tell(noticed).await.is_err() {
            let mut owed = self.lock_owed();
            if owed.len() == OWED {
                owed.pop_front();
            }
            owed.push_back(noticed);
        }
    }

    /// Tells rooms of what could not be announced when it happened, unless it is no longer true.
    pub async fn announce_owed(&self) {
        let mut owed = mem::take(&mut *self.lock_owed());
        while let Some(noticed) = owed.pop_front() {
            let told = match self.is_still_true(noticed).await {
                Ok(true) => self.tell(noticed).await,
                Ok(false) => Ok(()),
                Err(error) => Err(error),
            };
            if told.is_err() {
                // It is tried again, and all that was owed after it.
                owed.push_front(noticed);
                let mut later = self.lock_owed();
                owed.append(&mut later);
                owed.drain(..owed.len().saturating_sub(OWED));
                *later = owed;
                return;
            }
        }
    }

    /// Whether somebody who came is there, or somebody who went is not. In a room of more people than are shown, where
    /// that cannot be seen, it is taken for true.
    async fn is_still_true(&self, noticed: Noticed) -> Result<bool, SessionError> {
        let (session, user, came) = match noticed {
            Noticed::Came { session, entered } => (session, entered.present.user, true),
            Noticed::Went { session, gone } => (session, gone.user, false),
        };
        let Roll { people, count } = self.book.roll(session, None, Limit::PRESENCE).await?;
        let there = people.iter().any(|present| present.user == user);
        Ok(there == came || (!there && count > people.len()))
    }

    async fn tell(&self, noticed: Noticed) -> Result<(), SessionError> {
        match noticed {
            Noticed::Came { session, entered } => self.came(session, entered, NO_SEAT).await,
            Noticed::Went { session, gone } => self.went(session, gone).await,
        }
    }

    fn lock_owed(&self) -> MutexGuard<'_, VecDeque<Noticed>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn came(&self, session: SessionId, entered: Entered, seat: u64) -> Result<(), SessionError> {
        let Entered { present, first, count } = entered;
        if first && let Some(user) = self.store.user(present.user).await? {
            let came = PassingEvent::Came { session, user, present, seat, count };
            self.bus.publish(Signal::Passing(Arc::new(came)));
        }
        Ok(())
    }

    async fn went(&self, session: SessionId, gone: Gone) -> Result<(), SessionError> {
        if gone.last
            && let Some(user) = self.store.user(gone.user).await?
        {
            let went = PassingEvent::Went { session, user, count: gone.count };
            self.bus.publish(Signal::Passing(Arc::new(went)));
        }
        Ok(())
    }

    /// Who is present, for a member.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], [`SessionError::NotMember`], or the store's.
    pub async fn list(
        &self,
        actor: &Actor,
        session: SessionId,
        after: Option<RollKey>,
        limit: Limit,
    ) -> Result<JoinedPresence, SessionError> {
        admitted(&*self.store, actor, session, Action::Read).await?;
        self.people(session, after, limit).await
    }

    /// Who is present; says nothing of rights.
    ///
    /// # Errors
    /// The store's.
    pub async fn people(
        &self,
        session: SessionId,
        after: Option<RollKey>,
        limit: Limit,
    ) -> Result<JoinedPresence, SessionError> {
        let Roll { mut people, count } = self.book.roll(session, after, limit.and_one()).await?;
        let more = people.len() > limit.get();
        people.truncate(limit.get());
        let next = people.last().filter(|_| more).map(|last| (last.since, last.user));
        let ids: Vec<_> = people.iter().map(|present| present.user).collect();
        let users = if ids.is_empty() { Vec::new() } else { self.store.users(&ids).await? };
        let mut users: HashMap<_, _> = users.into_iter().map(|user| (user.id, user)).collect();
        let people = people.into_iter().filter_map(|present| Some((users.remove(&present.user)?, present)));
        Ok(JoinedPresence { people: people.collect(), count, next })
    }
}
