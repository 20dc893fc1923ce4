//! Transactions over nothing; what they remember is all that lasts.

use std::sync::Arc;

use async_trait::async_trait;
use rondo_domain::{
    InvitationId, LoginId, MessageId, NotificationId, SessionId, Timestamp, UserId,
    account::{Login, PasswordHash, ProfileChange, RefreshToken, TokenDigest, User, ports::AccountWrites},
    event::{PersonalEvent, Position, SessionEvent},
    idempotency::Memo,
    invitation::Invitation,
    message::Message,
    notification::Notification,
    policy::Role,
    session::{Membership, Session, SessionDraft},
    store::{InvitationWrites, MessageWrites, NotificationWrites, SessionWrites, UnitOfWork},
};

use super::store::{Answer, Answers, somebody};

/// One transaction.
pub(super) struct Unit {
    pub(super) answers: Arc<Answers>,
    pub(super) memo: Option<Memo>,
}

#[async_trait]
impl UnitOfWork for Unit {
    fn tell(&mut self, _: UserId, _: PersonalEvent) {}
    async fn remember(&mut self, memo: Option<Memo>) -> Answer<()> {
        self.memo = memo;
        Ok(())
    }
    async fn commit(self: Box<Self>) -> Answer<()> {
        self.memo.map_or(Ok(()), |memo| self.answers.remember(memo))
    }
}

#[async_trait]
impl AccountWrites for Unit {
    async fn insert_user(&mut self, _: &User, _: Option<&PasswordHash>) -> Answer<()> {
        Ok(())
    }
    async fn update_profile(&mut self, id: UserId, _: &ProfileChange) -> Answer<Option<User>> {
        Ok(Some(somebody(id)))
    }
    async fn insert_login(&mut self, _: &Login) -> Answer<()> {
        Ok(())
    }
    async fn lock_refresh_token(&mut self, _: &TokenDigest) -> Answer<Option<(Login, RefreshToken)>> {
        Ok(None)
    }
    async fn successor(&mut self, _: &TokenDigest) -> Answer<Option<RefreshToken>> {
        Ok(None)
    }
    async fn insert_refresh_token(&mut self, _: &RefreshToken) -> Answer<()> {
        Ok(())
    }
    async fn spend(&mut self, _: &TokenDigest, _: Timestamp) -> Answer<()> {
        Ok(())
    }
    async fn void(&mut self, _: &TokenDigest, _: Timestamp) -> Answer<()> {
        Ok(())
    }
    async fn revoke_login(&mut self, _: LoginId, _: Timestamp) -> Answer<()> {
        Ok(())
    }
    async fn revoke_logins(&mut self, _: UserId, _: Option<LoginId>, _: Timestamp) -> Answer<Vec<LoginId>> {
        Ok(Vec::new())
    }
    async fn password_stands(&mut self, _: UserId, _: &PasswordHash) -> Answer<bool> {
        Ok(true)
    }
    async fn set_password(&mut self, _: UserId, _: &PasswordHash) -> Answer<()> {
        Ok(())
    }
    async fn touch_login(&mut self, _: LoginId, _: Timestamp) -> Answer<()> {
        Ok(())
    }
}

#[async_trait]
impl SessionWrites for Unit {
    async fn lock_session(&mut self, _: SessionId) -> Answer<Option<Session>> {
        Ok(None)
    }
    async fn role(&mut self, _: SessionId, _: UserId) -> Answer<Option<Role>> {
        Ok(None)
    }
    async fn owners(&mut self, _: SessionId) -> Answer<Vec<UserId>> {
        Ok(Vec::new())
    }
    async fn member_ids(&mut self, _: SessionId) -> Answer<Vec<UserId>> {
        Ok(Vec::new())
    }
    async fn membership(&mut self, _: SessionId, _: UserId) -> Answer<Option<Membership>> {
        Ok(None)
    }
    async fn set_role(&mut self, _: SessionId, _: UserId, _: Role) -> Answer<()> {
        Ok(())
    }
    async fn read_marker(&mut self, _: SessionId, _: UserId) -> Answer<i64> {
        Ok(0)
    }
    async fn mark_read(&mut self, _: SessionId, _: UserId, _: i64) -> Answer<Option<i64>> {
        Ok(None)
    }
    async fn insert_session(&mut self, _: &Session) -> Answer<()> {
        Ok(())
    }
    async fn update_session(&mut self, _: SessionId, _: &SessionDraft) -> Answer<()> {
        Ok(())
    }
    async fn bury_session(&mut self, _: SessionId, _: Timestamp) -> Answer<()> {
        Ok(())
    }
    async fn insert_member(&mut self, _: &Membership, _: i64) -> Answer<()> {
        Ok(())
    }
    async fn delete_member(&mut self, _: SessionId, _: UserId) -> Answer<bool> {
        Ok(false)
    }
    async fn append_for(&mut self, _: &SessionEvent, _: &[UserId]) -> Answer<Position> {
        Ok(1)
    }
}

#[async_trait]
impl MessageWrites for Unit {
    async fn locked_message(&mut self, _: SessionId, _: MessageId) -> Answer<Option<Message>> {
        Ok(None)
    }
    async fn edit_message(&mut self, _: &Message) -> Answer<()> {
        Ok(())
    }
    async fn bury_message(&mut self, _: &Message) -> Answer<()> {
        Ok(())
    }
}

#[async_trait]
impl InvitationWrites for Unit {
    async fn locked_invitation(&mut self, _: InvitationId) -> Answer<Option<Invitation>> {
        Ok(None)
    }
    async fn pending_invitation(&mut self, _: SessionId, _: &str) -> Answer<Option<Invitation>> {
        Ok(None)
    }
    async fn pending_invitations(&mut self, _: &str, _: Timestamp) -> Answer<Vec<Invitation>> {
        Ok(Vec::new())
    }
    async fn insert_invitation(&mut self, _: &Invitation) -> Answer<()> {
        Ok(())
    }
    async fn settle_invitation(&mut self, _: &Invitation, _: Timestamp) -> Answer<()> {
        Ok(())
    }
}

#[async_trait]
impl NotificationWrites for Unit {
    async fn notify(&mut self, _: &[Notification]) -> Answer<()> {
        Ok(())
    }
    async fn read_notification(&mut self, _: UserId, _: NotificationId, _: Timestamp) -> Answer<bool> {
        Ok(true)
    }
    async fn read_notifications(&mut self, _: UserId, _: Timestamp) -> Answer<()> {
        Ok(())
    }
}
