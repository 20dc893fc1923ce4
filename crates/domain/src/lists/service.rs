//! Lists of several sessions at once, and lists read from their end.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{ListReads, Span};
use crate::{
    account::{AccountError, Actor, NameKey, User},
    clock::Clock,
    ids::{InvitationId, NotificationId, SessionId},
    invitation::{Invitation, InvitationError},
    message::Message,
    notification::{NotificationError, NotificationPage},
    page::{ActivityKey, Limit, MemberKey, MessageKey, Page},
    policy::Action,
    presence::{JoinedPresence, PresenceBook, Roll, RollKey},
    session::{Access, Membership, Session, SessionError, admitted, require},
    store::{Store, StoreError},
};

/// Of each session a page, or why not.
pub type Pages<T, K> = Vec<Result<Page<T, K>, SessionError>>;

/// The parts that [`Lists`] stands on.
pub struct ListParts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Its lists.
    pub reads: Arc<dyn ListReads>,
    /// Who is present.
    pub book: Arc<dyn PresenceBook>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The lists.
pub struct Lists {
    parts: ListParts,
}

impl Lists {
    /// Puts the service together.
    #[must_use]
    pub fn new(parts: ListParts) -> Self {
        Self { parts }
    }

    /// The members of several sessions, each under the rights of [`crate::session::Members::list`].
    ///
    /// # Errors
    /// The store's; what is refused is told in its place.
    pub async fn members(
        &self,
        actor: &Actor,
        asked: &[(SessionId, Span<MemberKey>)],
        limit: Limit,
    ) -> Result<Pages<Membership, MemberKey>, StoreError> {
        let accesses = self.accesses(actor, asked).await?;
        let admitted: Vec<_> = asked.iter().filter(|(id, _)| may_read(&accesses, *id).is_ok()).copied().collect();
        let pages =
            if admitted.is_empty() { Vec::new() } else { self.parts.reads.members_of(&admitted, limit).await? };
        Ok(placed(&accesses, asked, pages))
    }

    /// The messages of several sessions, each under the rights of [`crate::message::Messages::list`].
    ///
    /// # Errors
    /// The store's; what is refused is told in its place.
    pub async fn messages(
        &self,
        actor: &Actor,
        asked: &[(SessionId, MessageKey)],
        limit: Limit,
    ) -> Result<Pages<Message, MessageKey>, StoreError> {
        let accesses = self.accesses(actor, asked).await?;
        let admitted: Vec<_> = asked.iter().filter(|(id, _)| may_read(&accesses, *id).is_ok()).copied().collect();
        let pages =
            if admitted.is_empty() { Vec::new() } else { self.parts.reads.messages_of(&admitted, limit).await? };
        Ok(placed(&accesses, asked, pages))
    }

    /// Who is present in several sessions, each under the rights of [`crate::presence::Presences::list`].
    ///
    /// # Errors
    /// The store's; what is refused is told in its place.
    pub async fn presences(
        &self,
        actor: &Actor,
        asked: &[(SessionId, Option<RollKey>)],
        limit: Limit,
    ) -> Result<Vec<Result<JoinedPresence, SessionError>>, StoreError> {
        let accesses = self.accesses(actor, asked).await?;
        let mut rolls = Vec::with_capacity(asked.len());
        for (id, after) in asked {
            rolls.push(match may_read(&accesses, *id) {
                Ok(()) => Ok(self.parts.book.roll(*id, *after, limit.and_one()).await?),
                Err(refused) => Err(refused),
            });
        }
        let listed = rolls.iter().flatten().flat_map(|roll| &roll.people);
        let ids: Vec<_> = listed.map(|present| present.user).collect::<HashSet<_>>().into_iter().collect();
        let users = if ids.is_empty() { Vec::new() } else { self.parts.store.users(&ids).await? };
        let users: HashMap<_, _> = users.into_iter().map(|user| (user.id, user)).collect();
        let joined = |Roll { mut people, count }: Roll| {
            let more = people.len() > limit.get();
            people.truncate(limit.get());
            let next = people.last().filter(|_| more).map(|last| (last.since, last.user));
            let people = people.into_iter().filter_map(|present| Some((users.get(&present.user)?.clone(), present)));
            JoinedPresence { people: people.collect(), count, next }
        };
        Ok(rolls.into_iter().map(|roll| roll.map(joined)).collect())
    }

    /// The actor's sessions from the end of [`crate::session::Sessions::mine`].
    ///
    /// # Errors
    /// The store's.
    pub async fn sessions_before(
        &self,
        actor: &Actor,
        before: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, SessionError> {
        Ok(self.parts.reads.sessions_before(actor.user, before, limit).await?)
    }

    /// Public sessions from the end of [`crate::session::Sessions::public`].
    ///
    /// # Errors
    /// The store's.
    pub async fn public_sessions_before(
        &self,
        actor: &Actor,
        query: Option<&str>,
        before: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, SessionError> {
        let query = sought(query);
        Ok(self.parts.reads.public_sessions_before(actor.user, query.as_deref(), before, limit).await?)
    }

    /// People from the end of [`crate::account::Accounts::search`].
    ///
    /// # Errors
    /// The store's.
    pub async fn people_before(
        &self,
        query: Option<&str>,
        before: Option<&NameKey>,
        limit: Limit,
    ) -> Result<Page<User, NameKey>, AccountError> {
        Ok(self.parts.reads.people_before(sought(query).as_deref(), before, limit).await?)
    }

    /// The actor's pending invitations from the end of [`crate::invitation::Invitations::mine`].
    ///
    /// # Errors
    /// The store's.
    pub async fn invitations_before(
        &self,
        actor: &Actor,
        before: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, InvitationError> {
        let me = self.parts.store.person(actor).await?;
        Ok(self.parts.reads.invitations_for_before(&me.email, self.parts.clock.now(), before, limit).await?)
    }

    /// A session's invitations from the end of [`crate::invitation::Invitations::of_session`].
    ///
    /// # Errors
    /// As there.
    pub async fn invitations_of_before(
        &self,
        actor: &Actor,
        session: SessionId,
        before: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, InvitationError> {
        admitted(&*self.parts.store, actor, session, Action::ReadInvitations).await?;
        let mut page = self.parts.reads.invitations_of_before(session, before, limit).await?;
        let now = self.parts.clock.now();
        page.items = page.items.into_iter().map(|invitation| invitation.at(now)).collect();
        Ok(page)
    }

    /// The actor's notifications from the end of [`crate::notification::Notifications::list`].
    ///
    /// # Errors
    /// The store's.
    pub async fn notifications_before(
        &self,
        actor: &Actor,
        unread: bool,
        before: Option<NotificationId>,
        limit: Limit,
    ) -> Result<NotificationPage, NotificationError> {
        let page = self.parts.reads.notifications_before(actor.user, unread, before, limit).await?;
        let unread_count = self.parts.store.unread_notifications(actor.user).await?;
        Ok(NotificationPage { page, unread_count })
    }

    async fn accesses<K>(
        &self,
        actor: &Actor,
        asked: &[(SessionId, K)],
    ) -> Result<HashMap<SessionId, Access>, StoreError> {
        let ids: Vec<_> = asked.iter().map(|(id, _)| *id).collect::<HashSet<_>>().into_iter().collect();
        if ids.is_empty() { Ok(HashMap::new()) } else { self.parts.reads.accesses(&ids, actor.user).await }
    }
}

/// Asks the policy as [`admitted`] does.
fn may_read(accesses: &HashMap<SessionId, Access>, id: SessionId) -> Result<(), SessionError> {
    let access = accesses.get(&id).filter(|access| !access.deleted).ok_or(SessionError::Unknown)?;
    require(access.visibility, access.role, Action::Read).map(|_| ())
}

/// The pages of the admitted sessions in the places of those asked for, and the refusals in theirs.
fn placed<T, K, A>(
    accesses: &HashMap<SessionId, Access>,
    asked: &[(SessionId, A)],
    pages: Vec<Page<T, K>>,
) -> Pages<T, K> {
    let mut pages = pages.into_iter();
    let place = |(id, _): &(SessionId, A)| {
        may_read(accesses, *id)?;
        pages.next().ok_or_else(|| StoreError::corrupt("a page is missing").into())
    };
    asked.iter().map(place).collect()
}

fn sought(query: Option<&str>) -> Option<String> {
    query.map(|query| query.trim().to_lowercase()).filter(|query| !query.is_empty())
}
