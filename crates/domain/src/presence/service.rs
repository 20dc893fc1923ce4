//! Coming, going, and who is there: one announcement for a person's first connection and one for the last, however many
//! tabs.

use std::{collections::HashMap, sync::Arc};

use super::{ConnectionId, PresenceBook, Present, Roll, RollKey};
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
        if entered.first
            && let Some(user) = self.store.user(actor.user).await?
        {
            let (present, count) = (entered.present, entered.count);
            let came = PassingEvent::Came { session, user, present, seat, count };
            self.bus.publish(Signal::Passing(Arc::new(came)));
        }
        Ok(())
    }

    /// A connection goes; the room hears of a person's last.
    ///
    /// # Errors
    /// The store's.
    pub async fn exit(&self, session: SessionId, connection: ConnectionId) -> Result<(), SessionError> {
        if let Some(gone) = self.book.exit(session, connection).await?
            && gone.last
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
