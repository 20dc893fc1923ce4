//! Who is in a session and as what.

use std::sync::Arc;

use super::{
    Membership, SessionError, require,
    service::{admitted, end_membership},
};
use crate::{
    account::Actor,
    clock::Clock,
    event::SessionEvent,
    idempotency::Guard,
    ids::{SessionId, UserId},
    notification::{Notice, Notification, Place, Who},
    page::{Limit, MemberKey, Page},
    policy::{Action, Role},
    store::Store,
};

/// The members of sessions.
pub struct Members {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Members {
    /// Puts the service together.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// A session's members, by the time of their coming.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], [`SessionError::NotMember`], or the store's.
    pub async fn list(
        &self,
        actor: &Actor,
        session: SessionId,
        after: Option<MemberKey>,
        limit: Limit,
    ) -> Result<Page<Membership, MemberKey>, SessionError> {
        admitted(&*self.store, actor, session, Action::Read).await?;
        Ok(self.store.members(session, after, limit).await?)
    }

    /// Gives a member another role; ownership is handed on so. A role that somebody has already is no event.
    ///
    /// # Errors
    /// [`SessionError::Forbidden`], [`SessionError::UnknownMember`], [`SessionError::LastOwner`], or as
    /// [`Members::list`].
    pub async fn change_role(
        &self,
        actor: &Actor,
        session: SessionId,
        user: UserId,
        role: Role,
        guard: Option<Guard<Membership>>,
    ) -> Result<Membership, SessionError> {
        let now = self.clock.now();
        let me = self.store.person(actor).await?;
        let mut tx = self.store.begin().await?;
        let place = tx.lock_session(session).await?.ok_or(SessionError::Unknown)?;
        let mine = require(place.visibility, tx.role(session, actor.user).await?, Action::Read)?;
        let member = tx.membership(session, user).await?.ok_or(SessionError::UnknownMember)?;
        require(place.visibility, Some(mine), Action::ChangeRole(member.role, role))?;
        let changed = Membership { role, ..member.clone() };
        if member.role != role {
            if member.role == Role::Owner && tx.owners(session).await? == [user] {
                return Err(SessionError::LastOwner);
            }
            tx.set_role(session, user, role).await?;
            tx.append(&SessionEvent::MemberUpdated(changed.clone())).await?;
            if user != actor.user {
                let notice = Notice::RoleChanged {
                    place: Place { session_id: session, session_name: place.name },
                    role,
                    previous_role: member.role,
                    by: Who::from(&me),
                };
                tx.notify(&[Notification::new(user, notice, now)]).await?;
            }
        }
        tx.remember(guard.map(|guard| guard.memo(&changed))).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Removes a member; of oneself it is leaving.
    ///
    /// # Errors
    /// As [`Members::change_role`].
    pub async fn remove(&self, actor: &Actor, session: SessionId, user: UserId) -> Result<(), SessionError> {
        let now = self.clock.now();
        let me = self.store.person(actor).await?;
        let mut tx = self.store.begin().await?;
        let place = tx.lock_session(session).await?.ok_or(SessionError::Unknown)?;
        let mine = require(place.visibility, tx.role(session, actor.user).await?, Action::Read)?;
        let theirs = tx.role(session, user).await?.ok_or(SessionError::UnknownMember)?;
        if user != actor.user {
            require(place.visibility, Some(mine), Action::Remove(theirs))?;
        }
        end_membership(&mut *tx, session, user, theirs).await?;
        if user != actor.user {
            let place = Place { session_id: session, session_name: place.name };
            let notice = Notice::MemberRemoved { place, by: Who::from(&me) };
            tx.notify(&[Notification::new(user, notice, now)]).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
