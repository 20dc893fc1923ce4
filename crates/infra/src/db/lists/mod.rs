//! Lists of several sessions at once, and lists from their end.

mod backward;
mod many;

use std::collections::HashMap;

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    account::{NameKey, User},
    ids::{InvitationId, NotificationId, SessionId, UserId},
    invitation::Invitation,
    lists::{ListReads, Span},
    message::Message,
    notification::StoredNotification,
    page::{ActivityKey, Limit, MemberKey, MessageKey, Page},
    session::{Access, Membership, Session},
    store::StoreError,
};

use super::{SqlStore, error::store};

#[async_trait]
impl ListReads for SqlStore {
    async fn accesses(&self, sessions: &[SessionId], user: UserId) -> Result<HashMap<SessionId, Access>, StoreError> {
        many::accesses(self.reader(), sessions, user).await.map_err(store)
    }

    async fn members_of(
        &self,
        asked: &[(SessionId, Span<MemberKey>)],
        limit: Limit,
    ) -> Result<Vec<Page<Membership, MemberKey>>, StoreError> {
        many::members(self.reader(), asked, limit).await.map_err(store)
    }

    async fn messages_of(
        &self,
        asked: &[(SessionId, MessageKey)],
        limit: Limit,
    ) -> Result<Vec<Page<Message, MessageKey>>, StoreError> {
        many::messages(self.reader(), asked, limit).await.map_err(store)
    }

    async fn sessions_before(
        &self,
        user: UserId,
        before: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, StoreError> {
        backward::sessions(self.reader(), user, before, limit).await
    }

    async fn public_sessions_before(
        &self,
        user: UserId,
        query: Option<&str>,
        before: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, StoreError> {
        backward::public_sessions(self.reader(), user, query, before, limit).await
    }

    async fn people_before(
        &self,
        query: Option<&str>,
        before: Option<&NameKey>,
        limit: Limit,
    ) -> Result<Page<User, NameKey>, StoreError> {
        backward::people(self.reader(), query, before, limit).await.map_err(store)
    }

    async fn invitations_for_before(
        &self,
        email: &str,
        now: Timestamp,
        before: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, StoreError> {
        backward::invitations_for(self.reader(), email, now, before, limit).await
    }

    async fn invitations_of_before(
        &self,
        session: SessionId,
        before: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, StoreError> {
        backward::invitations_of(self.reader(), session, before, limit).await
    }

    async fn notifications_before(
        &self,
        user: UserId,
        unread: bool,
        before: Option<NotificationId>,
        limit: Limit,
    ) -> Result<Page<StoredNotification, NotificationId>, StoreError> {
        backward::notifications(self.reader(), user, unread, before, limit).await
    }
}
