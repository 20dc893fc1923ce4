//! Making, finding, changing, joining and leaving sessions, and reading their logs.

use std::sync::Arc;

use super::{
    Membership, NewSession, Session, SessionChange, SessionError, Visibility,
    model::{Access, require},
};
use crate::{
    account::Actor,
    clock::Clock,
    event::{Position, RecordedEvent, SessionEvent},
    idempotency::Guard,
    ids::{SessionId, UserId},
    notification::{Notice, Notification, Place, Who},
    page::{ActivityKey, Limit, Page},
    policy::{Action, Role},
    store::{Store, StoreError, UnitOfWork},
};

/// A page of a session's log.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events, oldest first.
    pub items: Vec<RecordedEvent>,
    /// Where to ask on from.
    pub position: Position,
    /// Whether the log could tell all that came after the place asked from; if not, read afresh.
    pub recovered: bool,
    /// Whether there is more to ask for at once.
    pub more: bool,
}

/// What somebody who joins a session's room starts from.
#[derive(Clone, Debug)]
pub struct JoinSnapshot {
    /// The session as they see it.
    pub session: Session,
    /// Where the log stood: live events begin right after it.
    pub position: Position,
    /// Whether `events` tell all that came after the place asked from.
    pub recovered: bool,
    /// What came since, oldest first, at most 500.
    pub events: Vec<RecordedEvent>,
    /// Whether `events` end before `position`.
    pub more: bool,
    /// Whether the session was deleted meanwhile: nothing live follows.
    pub ended: bool,
}

/// The sessions.
pub struct Sessions {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    /// Puts the service together.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Makes a session that the actor owns.
    ///
    /// # Errors
    /// The store's.
    pub async fn create(
        &self,
        actor: &Actor,
        new: NewSession,
        guard: Option<Guard<Session>>,
    ) -> Result<Session, SessionError> {
        let now = self.clock.now();
        let session = Session {
            id: SessionId::generate(),
            name: new.name.as_str().to_owned(),
            description: new.description,
            color: new.color,
            image_url: new.image_url,
            visibility: new.visibility,
            role: Some(Role::Owner),
            member_count: 1,
            last_seq: 0,
            last_position: 0,
            unread_count: 0,
            last_message_at: None,
            active_at: now,
            created_at: now,
            updated_at: now,
        };
        let memo = guard.map(|guard| guard.memo(&session));
        self.store.found(&session, actor.user, memo).await?;
        Ok(session)
    }

    /// The session as the actor sees it; a public one shows itself to outsiders.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], or the store's.
    pub async fn get(&self, actor: &Actor, id: SessionId) -> Result<Session, SessionError> {
        let (session, access) = self.store.look(id, actor.user).await?.ok_or(SessionError::Unknown)?;
        let hidden = session.role.is_none() && session.visibility == Visibility::Private;
        if access.deleted || hidden { Err(SessionError::Unknown) } else { Ok(session) }
    }

    /// The actor's sessions, newest activity first.
    ///
    /// # Errors
    /// The store's.
    pub async fn mine(
        &self,
        actor: &Actor,
        after: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, SessionError> {
        Ok(self.store.sessions_of(actor.user, after, limit).await?)
    }

    /// Public sessions to join, newest activity first; `query` finds a part of the name, without case.
    ///
    /// # Errors
    /// The store's.
    pub async fn public(
        &self,
        actor: &Actor,
        query: Option<&str>,
        after: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, SessionError> {
        let query = query.map(|query| query.trim().to_lowercase()).filter(|query| !query.is_empty());
        Ok(self.store.public_sessions(actor.user, query.as_deref(), after, limit).await?)
    }

    /// Changes what a person sets of a session. A change that changes nothing is no event.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], [`SessionError::NotMember`], [`SessionError::Forbidden`], or the store's.
    pub async fn update(
        &self,
        actor: &Actor,
        id: SessionId,
        change: SessionChange,
        guard: Option<Guard<Session>>,
    ) -> Result<Session, SessionError> {
        let mut tx = self.store.begin().await?;
        let mut session = tx.lock_session(id).await?.ok_or(SessionError::Unknown)?;
        let role = require(session.visibility, tx.role(id, actor.user).await?, Action::Update)?;
        if change.apply(&mut session, self.clock.now()) {
            tx.update_session(id, &session.draft()).await?;
            session.last_position += 1; // the event tells where the log stands with itself in it
            tx.append(&SessionEvent::SessionUpdated(session.clone())).await?;
        }
        let seen = tx.seen_by(session, actor.user, role).await?;
        tx.remember(guard.map(|guard| guard.memo(&seen))).await?;
        tx.commit().await?;
        Ok(seen)
    }

    /// Deletes a session and tells its members. Its log stays, so that every one of them still hears of it.
    ///
    /// # Errors
    /// As [`Sessions::update`].
    pub async fn delete(&self, actor: &Actor, id: SessionId) -> Result<(), SessionError> {
        let now = self.clock.now();
        let me = self.store.person(actor).await?;
        let mut tx = self.store.begin().await?;
        let session = tx.lock_session(id).await?.ok_or(SessionError::Unknown)?;
        require(session.visibility, tx.role(id, actor.user).await?, Action::Close)?;
        tx.append(&SessionEvent::SessionDeleted(id)).await?;
        tx.bury_session(id, now).await?;
        let notice =
            Notice::SessionDeleted { place: Place { session_id: id, session_name: session.name }, by: Who::from(&me) };
        let others = tx.member_ids(id).await?.into_iter().filter(|user| *user != actor.user);
        let notifications: Vec<_> = others.map(|user| Notification::new(user, notice.clone(), now)).collect();
        tx.notify(&notifications).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Joins a public session as a member; without effect for whoever is in already.
    ///
    /// # Errors
    /// [`SessionError::Unknown`] for a private session of others, or the store's.
    pub async fn join(
        &self,
        actor: &Actor,
        id: SessionId,
        guard: Option<Guard<Session>>,
    ) -> Result<Session, SessionError> {
        let user = self.store.person(actor).await?;
        let mut tx = self.store.begin().await?;
        let mut session = tx.lock_session(id).await?.ok_or(SessionError::Unknown)?;
        let role = match tx.role(id, actor.user).await? {
            Some(role) => role,
            None if session.visibility == Visibility::Private => return Err(SessionError::Unknown),
            None => {
                let membership = Membership { session_id: id, user, role: Role::Member, joined_at: self.clock.now() };
                tx.insert_member(&membership, session.last_seq).await?;
                session.member_count += 1;
                session.last_position = tx.append(&SessionEvent::MemberUpdated(membership)).await?;
                Role::Member
            }
        };
        let seen = tx.seen_by(session, actor.user, role).await?;
        tx.remember(guard.map(|guard| guard.memo(&seen))).await?;
        tx.commit().await?;
        Ok(seen)
    }

    /// Leaves a session.
    ///
    /// # Errors
    /// [`SessionError::LastOwner`], [`SessionError::Unknown`], [`SessionError::NotMember`], or the store's.
    pub async fn leave(&self, actor: &Actor, id: SessionId, guard: Option<Guard<()>>) -> Result<(), SessionError> {
        let mut tx = self.store.begin().await?;
        let session = tx.lock_session(id).await?.ok_or(SessionError::Unknown)?;
        let role = require(session.visibility, tx.role(id, actor.user).await?, Action::Read)?;
        end_membership(&mut *tx, id, actor.user, role).await?;
        tx.remember(guard.map(|guard| guard.memo(&()))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The durable events after a position. Of a deleted session, its members still read the log.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], [`SessionError::NotMember`], or the store's.
    pub async fn events(
        &self,
        actor: &Actor,
        id: SessionId,
        after: Position,
        limit: Limit,
    ) -> Result<EventPage, SessionError> {
        let access = self.store.access(id, actor.user).await?.ok_or(SessionError::Unknown)?;
        reader(&access)?;
        let (items, recovered, more) = self.replay(id, &access, after, limit).await?;
        let position = match items.last() {
            Some(last) if more => last.position,
            _ => access.last_position,
        };
        Ok(EventPage { items, position, recovered, more })
    }

    /// What somebody who joins the room starts from: the session, and with `after` all that came since, at most 500
    /// events. Called after the listener was attached, so that live events meet the snapshot without gap or repeat.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], [`SessionError::NotMember`], or the store's.
    pub async fn snapshot(
        &self,
        actor: &Actor,
        id: SessionId,
        after: Option<Position>,
    ) -> Result<JoinSnapshot, SessionError> {
        let (session, access) = self.store.look(id, actor.user).await?.ok_or(SessionError::Unknown)?;
        reader(&access)?;
        if access.deleted && after.is_none() {
            return Err(SessionError::Unknown);
        }
        let (events, recovered, more) = match after {
            Some(after) => self.replay(id, &access, after, Limit::EVENTS_MAX).await?,
            None => (Vec::new(), true, false),
        };
        Ok(JoinSnapshot { session, position: access.last_position, recovered, events, more, ended: access.deleted })
    }

    async fn replay(
        &self,
        id: SessionId,
        access: &Access,
        after: Position,
        limit: Limit,
    ) -> Result<(Vec<RecordedEvent>, bool, bool), StoreError> {
        if !access.recovers(after) {
            return Ok((Vec::new(), false, false));
        }
        if after == access.last_position {
            return Ok((Vec::new(), true, false));
        }
        let events = self.store.events(id, after, access.last_position, limit).await?;
        if events.first().is_none_or(|first| first.position != after + 1) {
            return Ok((Vec::new(), false, false)); // retention took the beginning away since the log's end was read
        }
        let more = events.last().is_some_and(|last| last.position < access.last_position);
        Ok((events, true, more))
    }
}

/// Takes somebody out of a session; the last owner stays.
pub(super) async fn end_membership(
    tx: &mut dyn UnitOfWork,
    session: SessionId,
    user: UserId,
    role: Role,
) -> Result<(), SessionError> {
    if role == Role::Owner && tx.owners(session).await? == [user] {
        return Err(SessionError::LastOwner);
    }
    tx.delete_member(session, user).await?;
    tx.append(&SessionEvent::MemberRemoved { session, user }).await?;
    Ok(())
}

/// Whether somebody may read a session's log. Of a deleted session outsiders learn nothing, public as it may have been.
fn reader(access: &Access) -> Result<Role, SessionError> {
    let visibility = if access.deleted { Visibility::Private } else { access.visibility };
    require(visibility, access.role, Action::Read)
}

/// Asks the policy for a person outside of any transaction: for reads, and for what is passing.
///
/// # Errors
/// As [`judged`].
pub(crate) async fn admitted(
    store: &dyn Store,
    actor: &Actor,
    session: SessionId,
    action: Action,
) -> Result<Role, SessionError> {
    judged(store.access(session, actor.user).await?.as_ref(), action)
}

/// Asks the policy for somebody of whom it is known what they see of a session. A deleted session is unknown.
///
/// # Errors
/// [`SessionError::Unknown`], or what [`require`] says.
pub(crate) fn judged(access: Option<&Access>, action: Action) -> Result<Role, SessionError> {
    let access = access.filter(|access| !access.deleted).ok_or(SessionError::Unknown)?;
    require(access.visibility, access.role, action)
}
