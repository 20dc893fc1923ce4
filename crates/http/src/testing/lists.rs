//! The lists of a store that holds nothing.

use std::collections::HashMap;

use async_trait::async_trait;
use rondo_domain::{
    InvitationId, NotificationId, SessionId, Timestamp, UserId,
    account::{NameKey, User},
    invitation::Invitation,
    lists::{ListReads, Span},
    message::Message,
    notification::StoredNotification,
    page::{ActivityKey, Limit, MemberKey, MessageKey, Page},
    session::{Access, Membership, Session},
};

use super::store::{Answer, Forgetful, nothing};

#[async_trait]
impl ListReads for Forgetful {
    async fn accesses(&self, _: &[SessionId], _: UserId) -> Answer<HashMap<SessionId, Access>> {
        self.answer(HashMap::new())
    }
    async fn members_of(
        &self,
        asked: &[(SessionId, Span<MemberKey>)],
        _: Limit,
    ) -> Answer<Vec<Page<Membership, MemberKey>>> {
        self.answer(asked.iter().map(|_| nothing()).collect())
    }
    async fn messages_of(&self, asked: &[(SessionId, MessageKey)], _: Limit) -> Answer<Vec<Page<Message, MessageKey>>> {
        self.answer(asked.iter().map(|_| nothing()).collect())
    }
    async fn sessions_before(&self, _: UserId, _: Option<ActivityKey>, _: Limit) -> Answer<Page<Session, ActivityKey>> {
        self.answer(nothing())
    }
    async fn public_sessions_before(
        &self,
        _: UserId,
        _: Option<&str>,
        _: Option<ActivityKey>,
        _: Limit,
    ) -> Answer<Page<Session, ActivityKey>> {
        self.answer(nothing())
    }
    async fn people_before(&self, _: Option<&str>, _: Option<&NameKey>, _: Limit) -> Answer<Page<User, NameKey>> {
        self.answer(nothing())
    }
    async fn invitations_for_before(
        &self,
        _: &str,
        _: Timestamp,
        _: Option<InvitationId>,
        _: Limit,
    ) -> Answer<Page<Invitation, InvitationId>> {
        self.answer(nothing())
    }
    async fn invitations_of_before(
        &self,
        _: SessionId,
        _: Option<InvitationId>,
        _: Limit,
    ) -> Answer<Page<Invitation, InvitationId>> {
        self.answer(nothing())
    }
    async fn notifications_before(
        &self,
        _: UserId,
        _: bool,
        _: Option<NotificationId>,
        _: Limit,
    ) -> Answer<Page<StoredNotification, NotificationId>> {
        self.answer(nothing())
    }
}
