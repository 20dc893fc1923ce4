//! Reading notifications.

use std::sync::Arc;

use super::{NotificationError, StoredNotification};
use crate::{
    account::Actor,
    clock::Clock,
    idempotency::Guard,
    ids::NotificationId,
    page::{Limit, Page},
    store::Store,
};

/// A page of notifications, and how many are unread altogether.
#[derive(Clone, Debug)]
pub struct NotificationPage {
    /// The notifications, the newest first.
    pub page: Page<StoredNotification, NotificationId>,
    /// How many of the person's are unread.
    pub unread_count: i64,
}

/// The notifications.
pub struct Notifications {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Notifications {
    /// Puts the service together.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The actor's notifications, the newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(
        &self,
        actor: &Actor,
        unread: bool,
        after: Option<NotificationId>,
        limit: Limit,
    ) -> Result<NotificationPage, NotificationError> {
        let page = self.store.notifications(actor.user, unread, after, limit).await?;
        let unread_count = self.store.unread_notifications(actor.user).await?;
        Ok(NotificationPage { page, unread_count })
    }

    /// Marks one as read; without effect when it is.
    ///
    /// # Errors
    /// [`NotificationError::Unknown`], or the store's.
    pub async fn read(
        &self,
        actor: &Actor,
        id: NotificationId,
        guard: Option<Guard<()>>,
    ) -> Result<(), NotificationError> {
        let mut tx = self.store.begin().await?;
        if !tx.read_notification(actor.user, id, self.clock.now()).await? {
            return Err(NotificationError::Unknown);
        }
        tx.remember(guard.map(|guard| guard.memo(&()))).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Marks all as read.
    ///
    /// # Errors
    /// The store's.
    pub async fn read_all(&self, actor: &Actor, guard: Option<Guard<()>>) -> Result<(), NotificationError> {
        let mut tx = self.store.begin().await?;
        tx.read_notifications(actor.user, self.clock.now()).await?;
        tx.remember(guard.map(|guard| guard.memo(&()))).await?;
        tx.commit().await?;
        Ok(())
    }
}
