//! Messages that are there. New ones are written by the [`super::writer`] alone.

use async_trait::async_trait;
use rondo_domain::{
    event::Position,
    ids::{MessageId, SessionId, UserId},
    message::Message,
    page::{Limit, MessageKey, Page},
    session::Access,
    store::{MessageReads, MessageWrites, StoreError},
};
use sea_orm::DbErr;

use super::{
    SqlStore, bulk,
    error::{corrupt, store},
    guarded::Guarded,
    link::Source,
    page::one_more,
    rows::{ACCESS_COLUMNS, Authors, Cells, access_columns, message_columns, user_columns},
    unit::SqlUnitOfWork,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            message_columns!(),
            ", ",
            user_columns!(),
            " FROM message m JOIN app_user u ON u.id = m.author_id WHERE ",
            $rest
        )
    };
}

const BEFORE: &str = select!("m.session_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3");

const AFTER: &str = select!("m.session_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3");

/// What a person may see of a session, and with it a page of its messages for those who are in it.
macro_rules! seen {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            access_columns!(),
            ", p.* FROM session s LEFT JOIN membership b ON b.session_id = s.id AND b.user_id = $2 LEFT JOIN (",
            select!($rest),
            ") p ON b.role IS NOT NULL WHERE s.id = $1"
        )
    };
}

pub(super) const SEEN_BEFORE: &str = seen!("m.session_id = $1 AND m.seq < $3 ORDER BY m.seq DESC LIMIT $4");

pub(super) const SEEN_AFTER: &str = seen!("m.session_id = $1 AND m.seq > $3 ORDER BY m.seq LIMIT $4");

const ONE: &str = select!("m.id = $1");

const OF_SESSION: &str = select!("m.id = $1 AND m.session_id = $2");

const EDIT: &str = "\
    UPDATE message SET content = $3, edited_at = $4 WHERE id = $1 AND session_id = $2 AND deleted_at IS NULL";

const BURY: &str = "\
    UPDATE message SET content = NULL, deleted_at = $3 WHERE id = $1 AND session_id = $2 RETURNING position";

/// The kept events that tell what a message said: of its posting at `$3`, and of each edit.
const SPOKEN: &str = "\
    SELECT position, data FROM session_event WHERE session_id = $2 AND position = $3 AND kind = 'message:create' \
    UNION ALL \
    SELECT position, data FROM session_event \
    WHERE session_id = $2 AND subject_id = $1 AND kind = 'message:update'";

const REWRITE: &str = "UPDATE session_event SET data = $3 WHERE session_id = $1 AND position = $2";

const REWRITE_POSTGRES: &str = "\
    UPDATE session_event e SET data = t.data FROM unnest($2::bigint[], $3::text[]) AS t (position, data) \
    WHERE e.session_id = $1 AND e.position = t.position";

#[async_trait]
impl MessageReads for SqlStore {
    async fn messages(
        &self,
        session: SessionId,
        key: MessageKey,
        limit: Limit,
    ) -> Result<Page<Message, MessageKey>, StoreError> {
        let sql = if is_back(key) { BEFORE } else { AFTER };
        let values = [session.0.into(), from(key).into(), one_more(limit).into()];
        let rows = self.reader().rows(sql, values).await.map_err(store)?;
        let mut authors = Authors::default();
        let messages = rows.iter().map(|row| Cells::new(row).message(&mut authors)).collect::<Result<Vec<_>, _>>();
        Ok(page(messages.map_err(store)?, key, limit))
    }

    async fn message(&self, message: MessageId) -> Result<Option<Message>, StoreError> {
        let row = self.reader().row(ONE, [message.0.into()]).await.map_err(store)?;
        row.map(|row| Cells::new(&row).message(&mut Authors::default())).transpose().map_err(store)
    }
}

/// Whether a page runs from the newest to the oldest.
const fn is_back(key: MessageKey) -> bool {
    matches!(key, MessageKey::Before(_))
}

/// The number before or after which a page begins.
fn from(key: MessageKey) -> i64 {
    match key {
        MessageKey::Before(seq) => seq.unwrap_or(i64::MAX),
        MessageKey::After(seq) => seq,
    }
}

fn page(messages: Vec<Message>, key: MessageKey, limit: Limit) -> Page<Message, MessageKey> {
    Page::cut(messages, limit, |last| match key {
        MessageKey::Before(_) => MessageKey::Before(Some(last.seq)),
        MessageKey::After(_) => MessageKey::After(last.seq),
    })
}

/// See [`rondo_domain::store::Store::messages_for`].
pub(super) async fn messages_for(
    reader: &Guarded<Source>,
    user: UserId,
    session: SessionId,
    key: MessageKey,
    limit: Limit,
) -> Result<Option<(Access, Page<Message, MessageKey>)>, DbErr> {
    let sql = if is_back(key) { SEEN_BEFORE } else { SEEN_AFTER };
    let values = [session.0.into(), user.0.into(), from(key).into(), one_more(limit).into()];
    let rows = reader.rows(sql, values).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let access = Cells::new(first).access()?;
    let (mut messages, mut authors) = (Vec::with_capacity(rows.len()), Authors::default());
    for row in &rows {
        messages.extend(Cells::after(row, ACCESS_COLUMNS).message_if_any(&mut authors)?);
    }
    // An outer join keeps the order in which its rows come, but promises nothing. Sorting what is sorted costs nothing.
    messages.sort_by_key(|message| if is_back(key) { -message.seq } else { message.seq });
    Ok(Some((access, page(messages, key, limit))))
}

#[async_trait]
impl MessageWrites for SqlUnitOfWork {
    async fn locked_message(&mut self, session: SessionId, id: MessageId) -> Result<Option<Message>, StoreError> {
        let row = self.txn.row(OF_SESSION, [id.0.into(), session.0.into()]).await.map_err(store)?;
        row.map(|row| Cells::new(&row).message(&mut Authors::default())).transpose().map_err(store)
    }

    async fn edit_message(&mut self, message: &Message) -> Result<(), StoreError> {
        let values = [
            message.id.0.into(),
            message.session_id.0.into(),
            message.content.clone().into(),
            message.edited_at.into(),
        ];
        match self.txn.run(EDIT, values).await.map_err(store)? {
            0 => Err(StoreError::corrupt("an edit of a message that is not there")),
            _ => self.retell_mentions(message).await.map_err(store),
        }
    }

    async fn bury_message(&mut self, message: &Message) -> Result<(), StoreError> {
        self.bury(message).await.map_err(store)?;
        self.retell_mentions(message).await.map_err(store)
    }
}

impl SqlUnitOfWork {
    async fn bury(&mut self, message: &Message) -> Result<(), DbErr> {
        let (id, session) = (message.id.0, message.session_id.0);
        let row = self.txn.row(BURY, [id.into(), session.into(), message.deleted_at.into()]).await?;
        let row = row.ok_or_else(|| corrupt("a message that is not there was deleted"))?;
        let position: Position = Cells::new(&row).take()?;

        let mut events: Vec<(Position, String)> = Vec::new();
        for row in &self.txn.rows(SPOKEN, [id.into(), session.into(), position.into()]).await? {
            let mut cells = Cells::new(row);
            events.push((cells.take()?, self.parts.encoder.without_content(&cells.take::<String>()?)));
        }
        if self.txn.is_postgres() {
            for portion in bulk::portions(&events, |(_, data)| 16 + data.len()) {
                let positions = bulk::array(portion, |(position, _)| *position);
                let data = bulk::array(portion, |(_, data)| data.clone());
                self.txn.run(REWRITE_POSTGRES, [session.into(), positions, data]).await?;
            }
        } else {
            for (position, data) in events {
                self.txn.run(REWRITE, [session.into(), position.into(), data.into()]).await?;
            }
        }
        Ok(())
    }
}
