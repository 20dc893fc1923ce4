//! The ports to the database: reads, each in a snapshot of its own, and a unit of work for what belongs together.

use std::fmt;

use async_trait::async_trait;
use thiserror::Error;

use crate::{
    account::{
        Actor, User,
        ports::{AccountReads, AccountWrites},
    },
    clock::Timestamp,
    event::{PersonalEvent, Position, RecordedEvent, SessionEvent},
    idempotency::{IdempotencyKey, Memo, Remembered},
    ids::{InvitationId, LoginId, MessageId, NotificationId, SessionId, UserId},
    invitation::Invitation,
    message::{Message, NewMessage},
    notification::{Notification, StoredNotification},
    page::{ActivityKey, Limit, MemberKey, MessageKey, Page},
    policy::Role,
    session::{Access, Membership, Session, SessionDraft},
};

/// A rule of the schema that a write ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The e-mail address has an account already.
    Email,
    /// The idempotency key was used by another request meanwhile.
    IdempotencyKey,
    /// There is a pending invitation for the address already.
    Invitation,
    /// Another rule; its text is in the log, never outside.
    Other,
}

/// Why the database did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot be reached, or did not answer in time. Nothing was written, or it is unknown whether it was.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// An invariant of the schema refused the write.
    #[error("the database refused a conflicting write: {0:?}")]
    Conflict(Conflict),
    /// A row, a statement or an answer makes no sense.
    #[error("the database gave something unexpected: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// A broken row or answer, told by what was found.
    pub fn corrupt(what: impl fmt::Display) -> Self {
        Self::Corrupt(what.to_string())
    }
}

/// The database.
#[async_trait]
pub trait Store:
    AccountReads + SessionReads + MessageReads + InvitationReads + NotificationReads + EventLog + Send + Sync
{
    /// Begins a transaction that may write. Dropping it rolls back.
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;

    /// Asks the database for a sign of life.
    async fn ping(&self) -> Result<(), StoreError>;

    /// A request of this person that was remembered under the key, at most 24 h ago.
    async fn remembered(
        &self,
        user: UserId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Remembered>, StoreError>;

    /// Writes a new session and its owner's membership, and stores the answer under its idempotency key, if there is one:
    /// all of it durable, or none. No event: nobody could have heard it.
    ///
    /// # Errors
    /// [`Conflict::IdempotencyKey`] when another request came first.
    async fn found(&self, session: &Session, owner: UserId, memo: Option<Memo>) -> Result<(), StoreError>;

    /// What `user` may see of a session, and a page of its messages for whoever is in it: one snapshot where the database
    /// gives both at once. Says nothing of rights.
    async fn messages_for(
        &self,
        user: UserId,
        session: SessionId,
        key: MessageKey,
        limit: Limit,
    ) -> Result<Option<(Access, Page<Message, MessageKey>)>, StoreError> {
        match self.access(session, user).await? {
            Some(access) => Ok(Some((access, self.messages(session, key, limit).await?))),
            None => Ok(None),
        }
    }

    /// The account behind an actor, which must be there.
    async fn person(&self, actor: &Actor) -> Result<User, StoreError> {
        let user = self.user(actor.user).await?;
        user.ok_or_else(|| StoreError::corrupt("a signed-in person has no account"))
    }
}

/// One transaction. Sessions are locked first, in the order of their ids, then memberships.
#[async_trait]
pub trait UnitOfWork:
    AccountWrites + SessionWrites + MessageWrites + InvitationWrites + NotificationWrites + Send
{
    /// Notes something that is for a person's connections, once this is committed.
    fn tell(&mut self, user: UserId, event: PersonalEvent);

    /// Stores the answer under its idempotency key, if there is one; an older entry that ran out gives way.
    ///
    /// # Errors
    /// [`Conflict::IdempotencyKey`] when another request came first.
    async fn remember(&mut self, memo: Option<Memo>) -> Result<(), StoreError>;

    /// Makes it all durable; only then does what was appended and told go to the bus.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Reads of sessions.
#[async_trait]
pub trait SessionReads: Send + Sync {
    /// What `user` may see of a session and where its counters stand, in one snapshot. Deleted ones too:
    /// [`Access::deleted`] says so.
    async fn access(&self, session: SessionId, user: UserId) -> Result<Option<Access>, StoreError>;

    /// The session as `user` sees it, with [`SessionReads::access`] of the same snapshot. Says nothing of rights.
    async fn look(&self, session: SessionId, user: UserId) -> Result<Option<(Session, Access)>, StoreError>;

    /// The sessions in which `user` is, newest activity first.
    async fn sessions_of(
        &self,
        user: UserId,
        after: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, StoreError>;

    /// The members of a session, by the time of their coming.
    async fn members(
        &self,
        session: SessionId,
        after: Option<MemberKey>,
        limit: Limit,
    ) -> Result<Page<Membership, MemberKey>, StoreError>;

    /// Public sessions whose name holds `query` (in lower case), newest activity first.
    async fn public_sessions(
        &self,
        user: UserId,
        query: Option<&str>,
        after: Option<ActivityKey>,
        limit: Limit,
    ) -> Result<Page<Session, ActivityKey>, StoreError>;
}

/// Writes to sessions and memberships, and what they must know under lock.
#[async_trait]
pub trait SessionWrites: Send {
    /// Locks the session until the end of the transaction; `None` when there is none or it was deleted.
    /// The session is as nobody in particular sees it (`role` is `None`).
    async fn lock_session(&mut self, session: SessionId) -> Result<Option<Session>, StoreError>;

    /// The role of `user`, read after the lock.
    async fn role(&mut self, session: SessionId, user: UserId) -> Result<Option<Role>, StoreError>;

    /// The owners of the session.
    async fn owners(&mut self, session: SessionId) -> Result<Vec<UserId>, StoreError>;

    /// All members of the session.
    async fn member_ids(&mut self, session: SessionId) -> Result<Vec<UserId>, StoreError>;

    /// A membership with its person, read after the lock.
    async fn membership(&mut self, session: SessionId, user: UserId) -> Result<Option<Membership>, StoreError>;

    /// Gives a member another role.
    async fn set_role(&mut self, session: SessionId, user: UserId, role: Role) -> Result<(), StoreError>;

    /// The locked session as a member of this role sees it, read marker and all.
    async fn seen_by(&mut self, session: Session, user: UserId, role: Role) -> Result<Session, StoreError> {
        let read = self.read_marker(session.id, user).await?;
        let unread_count = (session.last_seq - read).max(0);
        Ok(Session { role: Some(role), unread_count, ..session })
    }

    /// Where a member's read marker stands; 0 for an outsider.
    async fn read_marker(&mut self, session: SessionId, user: UserId) -> Result<i64, StoreError>;

    /// Moves a member's read marker to `seq`, never back and never beyond the last message; gives where it stands when
    /// it moved. `None` when it did not move, or there is no such member.
    async fn mark_read(&mut self, session: SessionId, user: UserId, seq: i64) -> Result<Option<i64>, StoreError>;

    /// Writes a new session, without members.
    async fn insert_session(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Writes what [`SessionDraft`] holds over the session.
    async fn update_session(&mut self, session: SessionId, draft: &SessionDraft) -> Result<(), StoreError>;

    /// Turns the session into a tombstone and revokes its pending invitations; its log stays.
    async fn bury_session(&mut self, session: SessionId, at: Timestamp) -> Result<(), StoreError>;

    /// Writes a new membership whose read marker stands at `read_seq`, and counts it.
    async fn insert_member(&mut self, membership: &Membership, read_seq: i64) -> Result<(), StoreError>;

    /// Ends a membership and counts it; `false` when there was none.
    async fn delete_member(&mut self, session: SessionId, user: UserId) -> Result<bool, StoreError>;

    /// Appends an event to the log of its (locked) session and gives its position.
    async fn append(&mut self, event: &SessionEvent) -> Result<Position, StoreError> {
        self.append_for(event, &[]).await
    }

    /// As [`SessionWrites::append`]; the event is also for the connections of these people, in the room or not.
    async fn append_for(&mut self, event: &SessionEvent, also: &[UserId]) -> Result<Position, StoreError>;
}

/// Reads of messages.
#[async_trait]
pub trait MessageReads: Send + Sync {
    /// A page of a session's messages with their authors. Says nothing of rights.
    async fn messages(
        &self,
        session: SessionId,
        key: MessageKey,
        limit: Limit,
    ) -> Result<Page<Message, MessageKey>, StoreError>;

    /// A message by id. Says nothing of rights.
    async fn message(&self, message: MessageId) -> Result<Option<Message>, StoreError>;
}

/// Writes to messages that are there already; new ones go through the [`MessageWriter`].
#[async_trait]
pub trait MessageWrites: Send {
    /// A message of a locked session.
    async fn locked_message(&mut self, session: SessionId, id: MessageId) -> Result<Option<Message>, StoreError>;

    /// Writes `content` and `edited_at` of the message over its row, and its new beginning into the notifications of
    /// those whom it mentioned.
    async fn edit_message(&mut self, message: &Message) -> Result<(), StoreError>;

    /// Turns a message into a tombstone (`content` is gone, `deleted_at` is set), and takes its content out of the
    /// events that are kept and out of the notifications of those whom it mentioned.
    async fn bury_message(&mut self, message: &Message) -> Result<(), StoreError>;
}

/// Reads of invitations. Times are not looked at but where it is said: see [`Invitation::at`].
#[async_trait]
pub trait InvitationReads: Send + Sync {
    /// An invitation by id.
    async fn invitation(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError>;

    /// The pending invitations of an address into living sessions that have not expired at `now`, the newest first.
    async fn invitations_for(
        &self,
        email: &str,
        now: Timestamp,
        after: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, StoreError>;

    /// All invitations of a session, the newest first.
    async fn invitations_of(
        &self,
        session: SessionId,
        after: Option<InvitationId>,
        limit: Limit,
    ) -> Result<Page<Invitation, InvitationId>, StoreError>;
}

/// Writes to invitations. All are guarded by the lock on their session.
#[async_trait]
pub trait InvitationWrites: Send {
    /// An invitation, read after the lock.
    async fn locked_invitation(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError>;

    /// The pending invitation of an address into a session.
    async fn pending_invitation(&mut self, session: SessionId, email: &str) -> Result<Option<Invitation>, StoreError>;

    /// The pending invitations of an address that have not expired at `now`, at most 100: for whoever registers.
    async fn pending_invitations(&mut self, email: &str, now: Timestamp) -> Result<Vec<Invitation>, StoreError>;

    /// Writes a new invitation.
    ///
    /// # Errors
    /// [`Conflict::Invitation`] when the address has a pending one into the session.
    async fn insert_invitation(&mut self, invitation: &Invitation) -> Result<(), StoreError>;

    /// Writes an invitation's status and when it was settled.
    async fn settle_invitation(&mut self, invitation: &Invitation, at: Timestamp) -> Result<(), StoreError>;
}

/// Reads of notifications.
#[async_trait]
pub trait NotificationReads: Send + Sync {
    /// A person's notifications, the newest first; `unread` leaves out those that were read.
    async fn notifications(
        &self,
        user: UserId,
        unread: bool,
        after: Option<NotificationId>,
        limit: Limit,
    ) -> Result<Page<StoredNotification, NotificationId>, StoreError>;

    /// How many of a person's notifications are unread.
    async fn unread_notifications(&self, user: UserId) -> Result<i64, StoreError>;
}

/// Writes to notifications.
#[async_trait]
pub trait NotificationWrites: Send {
    /// Writes new notifications, and tells their people's connections once this is committed.
    async fn notify(&mut self, notifications: &[Notification]) -> Result<(), StoreError>;

    /// Marks one of a person's as read; `false` when there is none.
    async fn read_notification(&mut self, user: UserId, id: NotificationId, at: Timestamp) -> Result<bool, StoreError>;

    /// Marks all of a person's as read.
    async fn read_notifications(&mut self, user: UserId, at: Timestamp) -> Result<(), StoreError>;
}

/// What became of a post.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The message as it is stored.
    pub message: Message,
    /// Whether it was there already: the same `clientMessageId` of the same author.
    pub repeated: bool,
}

/// The way in for messages, which commits many of them together.
#[async_trait]
pub trait MessageWriter: Send + Sync {
    /// Stores the message under the session's lock, with its event, and answers once both are durable.
    ///
    /// # Errors
    /// What [`crate::message::admit`] refuses, [`crate::message::MessageError::Busy`] when the queue is full, and the store's own.
    async fn post(&self, message: NewMessage) -> Result<Posted, crate::message::MessageError>;
}

/// Where a session's log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which session.
    pub session: SessionId,
    /// Its newest event.
    pub position: Position,
}

/// Reads of the log.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// The events in `(after, until]`, oldest first, at most `limit`.
    async fn events(
        &self,
        session: SessionId,
        after: Position,
        until: Position,
        limit: Limit,
    ) -> Result<Vec<RecordedEvent>, StoreError>;

    /// Where the logs of these sessions stand, deleted ones too; unknown ids are left out.
    async fn heads(&self, sessions: &[SessionId]) -> Result<Vec<Head>, StoreError>;
}

/// The event of an invitation's acceptance, for somebody whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Whom.
    pub user: UserId,
    /// When it was logged.
    pub at: Timestamp,
    /// What was logged.
    pub event: RecordedEvent,
}

/// Reads of what is for people's connections: the truth behind what the bus may lose.
#[async_trait]
pub trait PersonalLog: Send + Sync {
    /// What these people (at most 512) were notified of after the notification `after` and have not read, the oldest
    /// first.
    async fn notified(
        &self,
        users: &[UserId],
        after: NotificationId,
        limit: Limit,
    ) -> Result<Vec<(UserId, StoredNotification)>, StoreError>;

    /// The pending invitations of these people (at most 512) that were made after the invitation `after`, the oldest
    /// first.
    async fn invited(
        &self,
        users: &[UserId],
        after: InvitationId,
        limit: Limit,
    ) -> Result<Vec<(UserId, Invitation)>, StoreError>;

    /// The acceptances of invitations that were logged since then and concern these people (at most 512), the oldest
    /// first: as owners of the session, or as members who invited. Whoever accepted knows already.
    async fn accepted(&self, users: &[UserId], since: Timestamp, limit: Limit) -> Result<Vec<Acceptance>, StoreError>;

    /// Those of these logins that are in force.
    async fn live_logins(&self, logins: &[LoginId]) -> Result<Vec<LoginId>, StoreError>;
}
