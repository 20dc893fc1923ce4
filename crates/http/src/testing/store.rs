//! A store that holds one person and forgets every write but the answers that were given.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use rondo_domain::{
    Clock, InvitationId, LoginId, MessageId, NotificationId, SessionId, Timestamp, UserId,
    account::{Login, NameKey, PasswordHash, User, ports::AccountReads},
    clock::SystemClock,
    event::{Position, RecordedEvent},
    idempotency::{IdempotencyKey, Memo, Remembered},
    invitation::Invitation,
    message::Message,
    notification::StoredNotification,
    page::{ActivityKey, Limit, MemberKey, MessageKey, Page},
    session::{Access, Membership, Session},
    store::{
        Conflict, EventLog, Head, InvitationReads, MessageReads, NotificationReads, SessionReads, Store, StoreError,
        UnitOfWork,
    },
};

use super::unit::Unit;

pub(super) type Answer<T> = Result<T, StoreError>;

/// A store that holds one person, nothing else, and forgets every write; or one that is away.
#[derive(Default)]
pub(crate) struct Forgetful {
    pub(crate) away: AtomicBool,
    pub(crate) answers: Arc<Answers>,
}

/// The answers that were given under a key.
#[derive(Default)]
pub(crate) struct Answers(Mutex<HashMap<(UserId, IdempotencyKey), Remembered>>);

impl Answers {
    /// Remembers an answer.
    ///
    /// # Errors
    /// When there is one already.
    pub(crate) fn remember(&self, memo: Memo) -> Answer<()> {
        let Memo { user, key, fingerprint, answer } = memo;
        let mut answers = self.0.lock().unwrap();
        if answers.contains_key(&(user, key.clone())) {
            return Err(StoreError::Conflict(Conflict::IdempotencyKey));
        }
        answers.insert((user, key), Remembered { fingerprint, answer });
        Ok(())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Forgetful {
    pub(super) fn answer<T>(&self, answer: T) -> Answer<T> {
        if self.away.load(Ordering::Relaxed) { Err(StoreError::Unavailable("away".to_owned())) } else { Ok(answer) }
    }
}

pub(super) fn nothing<T, K>() -> Page<T, K> {
    Page { items: Vec::new(), next: None }
}

pub(super) fn somebody(id: UserId) -> User {
    User {
        id,
        email: "ada@example.org".to_owned(),
        display_name: "Ada".to_owned(),
        avatar_url: None,
        bio: None,
        created_at: SystemClock.now(),
    }
}

#[async_trait]
impl Store for Forgetful {
    async fn begin(&self) -> Answer<Box<dyn UnitOfWork>> {
        self.answer(Box::new(Unit { answers: Arc::clone(&self.answers), memo: None }))
    }
    async fn ping(&self) -> Answer<()> {
        self.answer(())
    }
    async fn remembered(&self, user: UserId, key: &IdempotencyKey, _: Timestamp) -> Answer<Option<Remembered>> {
        self.answer(self.answers.0.lock().unwrap().get(&(user, key.clone())).cloned())
    }
    async fn found(&self, _: &Session, _: UserId, memo: Option<Memo>) -> Answer<()> {
        let mut unit = self.begin().await?;
        unit.remember(memo).await?;
        unit.commit().await
    }
}

#[async_trait]
impl AccountReads for Forgetful {
    async fn user(&self, id: UserId) -> Answer<Option<User>> {
        self.answer(Some(somebody(id)))
    }
    async fn users(&self, _: &[UserId]) -> Answer<Vec<User>> {
        self.answer(Vec::new())
    }
    async fn credentials(&self, _: &str) -> Answer<Option<(User, Option<PasswordHash>)>> {
        self.answer(None)
    }
    async fn has_users(&self) -> Answer<bool> {
        self.answer(true)
    }
    async fn password(&self, _: UserId) -> Answer<Option<PasswordHash>> {
        self.answer(None)
    }
    async fn search(&self, _: Option<&str>, _: Option<&NameKey>, _: Limit) -> Answer<Page<User, NameKey>> {
        self.answer(Page { items: vec![somebody(UserId::generate())], next: None })
    }
    async fn logins(
        &self,
        _: UserId,
        _: Timestamp,
        _: Option<LoginId>,
        _: Limit,
    ) -> Answer<Page<(Login, Timestamp), LoginId>> {
        self.answer(Page { items: Vec::new(), next: None })
    }
    async fn has_login(&self, _: UserId, _: LoginId, _: Timestamp) -> Answer<bool> {
        self.answer(false)
    }
    async fn login_is_live(&self, _: LoginId) -> Answer<bool> {
        self.answer(true)
    }
}

#[async_trait]
impl SessionReads for Forgetful {
    async fn access(&self, _: SessionId, _: UserId) -> Answer<Option<Access>> {
        self.answer(None)
    }
    async fn look(&self, _: SessionId, _: UserId) -> Answer<Option<(Session, Access)>> {
        self.answer(None)
    }
    async fn sessions_of(&self, _: UserId, _: Option<ActivityKey>, _: Limit) -> Answer<Page<Session, ActivityKey>> {
        self.answer(nothing())
    }
    async fn members(&self, _: SessionId, _: Option<MemberKey>, _: Limit) -> Answer<Page<Membership, MemberKey>> {
        self.answer(nothing())
    }
    async fn public_sessions(
        &self,
        _: UserId,
        _: Option<&str>,
        _: Option<ActivityKey>,
        _: Limit,
    ) -> Answer<Page<Session, ActivityKey>> {
        self.answer(nothing())
    }
}

#[async_trait]
impl MessageReads for Forgetful {
    async fn messages(&self, _: SessionId, _: MessageKey, _: Limit) -> Answer<Page<Message, MessageKey>> {
        self.answer(nothing())
    }
    async fn message(&self, _: MessageId) -> Answer<Option<Message>> {
        self.answer(None)
    }
}

#[async_trait]
impl InvitationReads for Forgetful {
    async fn invitation(&self, _: InvitationId) -> Answer<Option<Invitation>> {
        self.answer(None)
    }
    async fn invitations_for(
        &self,
        _: &str,
        _: Timestamp,
        _: Option<InvitationId>,
        _: Limit,
    ) -> Answer<Page<Invitation, InvitationId>> {
        self.answer(nothing())
    }
    async fn invitations_of(
        &self,
        _: SessionId,
        _: Option<InvitationId>,
        _: Limit,
    ) -> Answer<Page<Invitation, InvitationId>> {
        self.answer(nothing())
    }
}

#[async_trait]
impl NotificationReads for Forgetful {
    async fn notifications(
        &self,
        _: UserId,
        _: bool,
        _: Option<NotificationId>,
        _: Limit,
    ) -> Answer<Page<StoredNotification, NotificationId>> {
        self.answer(nothing())
    }
    async fn unread_notifications(&self, _: UserId) -> Answer<i64> {
        self.answer(0)
    }
}

#[async_trait]
impl EventLog for Forgetful {
    async fn events(&self, _: SessionId, _: Position, _: Position, _: Limit) -> Answer<Vec<RecordedEvent>> {
        self.answer(Vec::new())
    }
    async fn heads(&self, _: &[SessionId]) -> Answer<Vec<Head>> {
        self.answer(Vec::new())
    }
}
