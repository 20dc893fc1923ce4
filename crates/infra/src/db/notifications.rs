//! Notifications. Their data is encoded once, when they are written.

use async_trait::async_trait;
use rondo_domain::{
    Timestamp,
    event::{EventEncoder, PersonalEvent},
    ids::{NotificationId, UserId},
    message::Message,
    notification::{Notification, StoredNotification, excerpt},
    page::{Limit, Page},
    store::{NotificationReads, NotificationWrites, StoreError},
};
use sea_orm::{DbErr, QueryResult, Value};
use uuid::Uuid;

use super::{
    SqlStore,
    bulk::{self, Shape},
    error::store,
    guarded::Guarded,
    link::Txn,
    page::{below, one_more},
    rows::Cells,
    unit::SqlUnitOfWork,
};

const ALL: &str = "\
    SELECT id, kind, data, read_at, created_at FROM notification \
    WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";

const UNREAD: &str = "\
    SELECT id, kind, data, read_at, created_at FROM notification \
    WHERE user_id = $1 AND read_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3";

const COUNT_UNREAD: &str = "SELECT COUNT(*) FROM notification WHERE user_id = $1 AND read_at IS NULL";

const READ: &str = "UPDATE notification SET read_at = COALESCE(read_at, $3) WHERE id = $2 AND user_id = $1";

const READ_ALL: &str = "UPDATE notification SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL";

/// The notifications of those whom a message mentioned. The index wants these very expressions.
const MENTIONS: &str = "\
    SELECT id, user_id, data FROM notification WHERE kind = 'mention' AND json_extract(data, '$.messageId') = $1";

pub(super) const MENTIONS_POSTGRES: &str = "\
    SELECT id, user_id, data FROM notification WHERE kind = 'mention' AND data::jsonb ->> 'messageId' = $1";

const RETELL: &str = "UPDATE notification SET data = $2 WHERE id = $1";

const RETELL_POSTGRES: &str = "\
    UPDATE notification n SET data = t.data FROM unnest($1::uuid[], $2::text[]) AS t (id, data) WHERE n.id = t.id";

const INSERT: Shape = Shape {
    head: "INSERT INTO notification (id, user_id, kind, data, created_at) VALUES ",
    row: "(?, ?, ?, ?, ?)",
    tail: "",
};

const INSERT_POSTGRES: &str = "\
    INSERT INTO notification (id, user_id, kind, data, created_at) \
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])";

#[async_trait]
impl NotificationReads for SqlStore {
    async fn notifications(
        &self,
        user: UserId,
        unread: bool,
        after: Option<NotificationId>,
        limit: Limit,
    ) -> Result<Page<StoredNotification, NotificationId>, StoreError> {
        let sql = if unread { UNREAD } else { ALL };
        let values = [user.0.into(), below(after.map(|id| id.0)), one_more(limit).into()];
        page(self.reader().rows(sql, values).await, limit)
    }

    async fn unread_notifications(&self, user: UserId) -> Result<i64, StoreError> {
        let row = self.reader().row(COUNT_UNREAD, [user.0.into()]).await.map_err(store)?;
        let row = row.ok_or_else(|| StoreError::corrupt("a count without an answer"))?;
        Cells::new(&row).take().map_err(store)
    }
}

#[async_trait]
impl NotificationWrites for SqlUnitOfWork {
    async fn notify(&mut self, notifications: &[Notification]) -> Result<(), StoreError> {
        write(&self.txn, &*self.parts.encoder, notifications).await.map_err(store)?;
        let told = |notification: &Notification| {
            (notification.user_id, PersonalEvent::NotificationCreated(notification.clone()))
        };
        self.told.extend(notifications.iter().map(told));
        Ok(())
    }

    async fn read_notification(&mut self, user: UserId, id: NotificationId, at: Timestamp) -> Result<bool, StoreError> {
        self.concerns(user);
        let marked = self.txn.run(READ, [user.0.into(), id.0.into(), at.into()]).await.map_err(store)?;
        Ok(marked > 0)
    }

    async fn read_notifications(&mut self, user: UserId, at: Timestamp) -> Result<(), StoreError> {
        self.concerns(user);
        self.txn.run(READ_ALL, [user.0.into(), at.into()]).await.map_err(store)?;
        Ok(())
    }
}

impl SqlUnitOfWork {
    /// Writes what a message says now into the notifications of those whom it mentioned when it was posted.
    pub(super) async fn retell_mentions(&mut self, message: &Message) -> Result<(), DbErr> {
        let sql = if self.txn.is_postgres() { MENTIONS_POSTGRES } else { MENTIONS };
        let excerpt = message.content.as_deref().map(excerpt);
        let mut told: Vec<(Uuid, String)> = Vec::new();
        for row in &self.txn.rows(sql, [message.id.to_string().into()]).await? {
            let mut cells = Cells::new(row);
            let (id, user, data): (_, _, String) = (cells.take()?, cells.take()?, cells.take()?);
            self.concerns(UserId(user));
            told.push((id, self.parts.encoder.with_excerpt(&data, excerpt.as_deref())));
        }
        if !self.txn.is_postgres() {
            for (id, data) in told {
                self.txn.run(RETELL, [id.into(), data.into()]).await?;
            }
        } else if !told.is_empty() {
            let data = bulk::array(&told, |(_, data)| data.clone());
            self.txn.run(RETELL_POSTGRES, [bulk::array(&told, |(id, _)| *id), data]).await?;
        }
        Ok(())
    }
}

/// Writes new notifications.
pub(super) async fn write(
    txn: &Guarded<Txn>,
    encoder: &dyn EventEncoder,
    notifications: &[Notification],
) -> Result<(), DbErr> {
    let rows: Vec<_> = notifications.iter().map(|new| (new, encoder.encode_notice(&new.notice))).collect();
    if !txn.is_postgres() {
        return bulk::pieces(txn, INSERT, &rows, row).await;
    }
    for portion in bulk::portions(&rows, |(new, data)| 60 + new.notice.kind().len() + data.len()) {
        let values = [
            bulk::array(portion, |(new, _)| new.id.0),
            bulk::array(portion, |(new, _)| new.user_id.0),
            bulk::array(portion, |(new, _)| new.notice.kind().to_owned()),
            bulk::array(portion, |(_, data)| data.clone()),
            bulk::array(portion, |(new, _)| new.created_at),
        ];
        txn.run(INSERT_POSTGRES, values).await?;
    }
    Ok(())
}

fn row((new, data): &(&Notification, String)) -> [Value; 5] {
    [new.id.0.into(), new.user_id.0.into(), new.notice.kind().into(), data.as_str().into(), new.created_at.into()]
}

pub(super) fn page(
    rows: Result<Vec<QueryResult>, DbErr>,
    limit: Limit,
) -> Result<Page<StoredNotification, NotificationId>, StoreError> {
    let rows = rows.map_err(store)?;
    let stored = rows.iter().map(stored).collect::<Result<Vec<_>, _>>().map_err(store)?;
    Ok(Page::cut(stored, limit, |last| last.id))
}

fn stored(row: &QueryResult) -> Result<StoredNotification, DbErr> {
    next_stored(&mut Cells::new(row))
}

/// The columns of a notification, in the order in which they are always selected.
pub(super) fn next_stored(cells: &mut Cells<'_>) -> Result<StoredNotification, DbErr> {
    Ok(StoredNotification {
        id: NotificationId(cells.take()?),
        kind: cells.take()?,
        data: cells.take()?,
        read_at: cells.take()?,
        created_at: cells.take()?,
    })
}
