//! Coming, going, and who is there: one announcement for a person's first connection and one for the last, however many
//! tabs.

use std::{collections::HashMap, sync::Arc};

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

/// Presence.
pub struct Presences {
    store: Arc<dyn Store>,
    book: Arc<dyn PresenceBook>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
}

impl Presences {
    /// Puts the service together.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, book: Arc<dyn PresenceBook>, bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Self {
        Self { store, book, bus, clock }
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

    /// A connection goes; the room hears of a person's last.
    ///
    /// # Errors
    /// The store's.
    pub async fn exit(&self, session: SessionId, connection: ConnectionId) -> Result<(), SessionError> {
        match self.book.exit(session, connection).await? {
            Some(gone) => self.went(session, gone).await,
            None => Ok(()),
        }
    }

    /// The room hears of what the book found out by itself.
    ///
    /// # Errors
    /// The store's.
    pub async fn announce(&self, noticed: Noticed) -> Result<(), SessionError> {
        match noticed {
            Noticed::Came { session, entered } => self.came(session, entered, NO_SEAT).await,
            Noticed::Went { session, gone } => self.went(session, gone).await,
        }
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
