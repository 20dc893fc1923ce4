//! Posting and reading messages.

use std::sync::Arc;

use super::{Content, Message, MessageError, MessageRef, NewMessage, PostMessage};
use crate::{
    account::{Actor, User},
    bus::{Bus, PassingEvent, Signal},
    clock::Clock,
    event::SessionEvent,
    idempotency::Guard,
    ids::{MessageId, SessionId},
    page::{Limit, MessageKey, Page},
    policy::{Action, Role, allows},
    session::{SessionError, admitted, judged, require},
    store::{MessageWriter, Posted, Store, UnitOfWork},
};

/// The messages.
pub struct Messages {
    store: Arc<dyn Store>,
    writer: Arc<dyn MessageWriter>,
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
}

impl Messages {
    /// Puts the service together.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        writer: Arc<dyn MessageWriter>,
        bus: Arc<dyn Bus>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, writer, bus, clock }
    }

    /// Posts a message and answers once it is durable. Rights are judged by the writer, under the session's lock.
    ///
    /// # Errors
    /// What [`super::admit`] refuses, [`MessageError::Busy`], or the store's.
    pub async fn post(
        &self,
        actor: &Actor,
        post: PostMessage,
        guard: Option<Guard<Posted>>,
    ) -> Result<Posted, MessageError> {
        let (id, created_at) = (MessageId::generate(), self.clock.now());
        self.writer.post(NewMessage { id, author: actor.user, post, created_at, guard }).await
    }

    /// Changes what one's own message says. The same text again is no event.
    ///
    /// # Errors
    /// [`MessageError::Unknown`], [`MessageError::NotAuthor`], [`MessageError::Deleted`], or the store's.
    pub async fn edit(
        &self,
        actor: &Actor,
        message: impl Into<MessageRef>,
        content: Content,
        guard: Option<Guard<Message>>,
    ) -> Result<Message, MessageError> {
        let (mut tx, message, _) = self.lock(actor, message.into(), Action::Write).await?;
        if message.author.id != actor.user {
            return Err(MessageError::NotAuthor);
        }
        if message.deleted_at.is_some() {
            return Err(MessageError::Deleted);
        }
        let mut edited = message;
        if edited.content.as_deref() != Some(content.as_str()) {
            edited.content = Some(content.into_string());
            edited.edited_at = Some(self.clock.now());
            tx.edit_message(&edited).await?;
            tx.append(&SessionEvent::MessageUpdated(edited.clone())).await?;
        }
        tx.remember(guard.map(|guard| guard.memo(&edited))).await?;
        tx.commit().await?;
        Ok(edited)
    }

    /// Deletes a message: a tombstone keeps its `seq`, and its content leaves the log too. Again is without effect.
    ///
    /// # Errors
    /// [`MessageError::Unknown`], [`MessageError::Session`] for too low a role, or the store's.
    pub async fn delete(&self, actor: &Actor, message: impl Into<MessageRef>) -> Result<Message, MessageError> {
        let (mut tx, message, role) = self.lock(actor, message.into(), Action::Read).await?;
        let needed = if message.author.id == actor.user { Action::Write } else { Action::DeleteOthers };
        if !allows(role, needed) {
            return Err(SessionError::Forbidden(role).into());
        }
        if message.deleted_at.is_some() {
            return Ok(message);
        }
        let mut deleted = message;
        deleted.content = None;
        deleted.deleted_at = Some(self.clock.now());
        tx.bury_message(&deleted).await?;
        tx.append(&SessionEvent::MessageDeleted(deleted.clone())).await?;
        tx.commit().await?;
        Ok(deleted)
    }

    /// Moves the actor's read marker, never back; a `seq` beyond the last message counts as the last one. The room hears
    /// of it in passing.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], [`SessionError::NotMember`], or the store's.
    pub async fn read(&self, actor: &Actor, session: SessionId, seq: i64) -> Result<(), MessageError> {
        admitted(&*self.store, actor, session, Action::Read).await?;
        let mut tx = self.store.begin().await?;
        let moved = tx.mark_read(session, actor.user, seq).await?;
        tx.commit().await?;
        if let Some(seq) = moved {
            let read = PassingEvent::Read { session, user: actor.user, seq };
            self.bus.publish(Signal::Passing(Arc::new(read)));
        }
        Ok(())
    }

    /// Whether the actor may show the room that they type: viewers may not.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], [`SessionError::NotMember`], [`SessionError::Forbidden`], or the store's.
    pub async fn may_type(&self, actor: &Actor, session: SessionId) -> Result<(), MessageError> {
        admitted(&*self.store, actor, session, Action::Write).await?;
        Ok(())
    }

    /// The actor as the room is shown them while they type. Whoever shows it keeps this: the end of it must not have to
    /// wait for the store.
    ///
    /// # Errors
    /// The store's.
    pub async fn find_typist(&self, actor: &Actor) -> Result<Option<User>, MessageError> {
        Ok(self.store.user(actor.user).await?)
    }

    /// Shows the room that somebody types, or stopped. Their right was asked for by [`Messages::may_type`].
    pub fn show_typing(&self, user: User, session: SessionId, typing: bool) {
        self.bus.publish(Signal::Passing(Arc::new(PassingEvent::Typing { session, user, typing })));
    }

    /// A page of a session's messages.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], [`SessionError::NotMember`], or the store's.
    pub async fn list(
        &self,
        actor: &Actor,
        session: SessionId,
        key: MessageKey,
        limit: Limit,
    ) -> Result<Page<Message, MessageKey>, MessageError> {
        let (access, page) = self.store.messages_for(actor.user, session, key, limit).await?.unzip();
        judged(access.as_ref(), Action::Read)?;
        page.ok_or_else(|| SessionError::Unknown.into())
    }

    /// Begins a transaction with a message's session locked, and reads the message afresh.
    async fn lock(
        &self,
        actor: &Actor,
        MessageRef { id, within }: MessageRef,
        needed: Action,
    ) -> Result<(Box<dyn UnitOfWork>, Message, Role), MessageError> {
        let session = self.store.message(id).await?.ok_or(MessageError::Unknown)?.session_id;
        if within.is_some_and(|within| within != session) {
            return Err(MessageError::Unknown);
        }
        let mut tx = self.store.begin().await?;
        let place = tx.lock_session(session).await?.ok_or(MessageError::Unknown)?;
        let role = match require(place.visibility, tx.role(session, actor.user).await?, needed) {
            Err(SessionError::Unknown) => return Err(MessageError::Unknown),
            answer => answer?,
        };
        let message = tx.locked_message(session, id).await?.ok_or(MessageError::Unknown)?;
        Ok((tx, message, role))
    }
}
