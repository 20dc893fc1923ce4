//! Lists as a graph asks for them: of several sessions at once, and from either end. The rights are those of the
//! services that give the same lists one by one.

mod service;

use std::collections::HashMap;

use async_trait::async_trait;
pub use service::{ListParts, Lists, Pages};

use crate::{
    account::{NameKey, User},
    clock::Timestamp,
    ids::{InvitationId, NotificationId, SessionId, UserId},
    invitation::Invitation,
    message::Message,
    notification::StoredNotification,
    page::{ActivityKey, Limit, MemberKey, MessageKey, Page},
    session::{Access, Membership, Session},
    store::StoreError,
};

/// Which way a list is read, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span<K> {
    /// What follows the key; from the beginning when `None`.
    After(Option<K>),
    /// What stands before the key, the nearest to it first; from the end when `None`.
    Before(Option<K>),
}

/// The reads of lists that the other ports do not have. All that is asked at once is one query, or a few; none says
/// anything of rights. A page that is read backwards has its nearest item first.
#[async_trait]
pub trait ListReads: Send + Sync {
    /// What `user` may see of these sessions; unknown ones are left out.
    async fn accesses(&self, sessions: &[SessionId], user: UserId) -> Result<HashMap<SessionId, Access>, StoreError>;

    /// Of each session a page of its members, as [`crate::store::SessionReads::members`] gives one.
    async fn members_of(
        &self,
        asked: &[(SessionId, Span<MemberKey>)],
        limit: Limit,
    ) -> Result<Vec<Page<Membership, MemberKey>>, StoreError>;

    /// Of each session a page of its messages, as [`crate::store::MessageReads::messages`] gives one.
    async fn messages_of(
        &self,
        asked: &[(SessionId, MessageKey)],
        limit: Limit,
    ) -> Result<Vec<Page<Message, MessageKey>>, StoreError>;

    /// The sessions in which `user` is, backwards.
    async fn sessions_before(
        &self,
        user: UserId,
        before: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, StoreError>;

    /// Public sessions whose name holds `query` (in lower case), backwards.
    async fn public_sessions_before(
        &self,
        user: UserId,
        query: Option<&str>,
        before: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, StoreError>;

    /// People whose name holds `query` (in lower case), or whose address is exactly it, backwards.
    async fn people_before(
        &self,
        query: Option<&str>,
        before: Option<&NameKey>,
        limit: Limit,
    ) -> Result<Page<User, NameKey>, StoreError>;

    /// The pending invitations of an address, backwards.
    async fn invitations_for_before(
        &self,
        email: &str,
        now: Timestamp,
        before: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, StoreError>;

    /// All invitations of a session, backwards.
    async fn invitations_of_before(
        &self,
        session: SessionId,
        before: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, StoreError>;

    /// A person's notifications, backwards.
    async fn notifications_before(
        &self,
        user: UserId,
        unread: bool,
        before: Option<NotificationId>,
        limit: Limit,
    ) -> Result<Page<StoredNotification, NotificationId>, StoreError>;
}
