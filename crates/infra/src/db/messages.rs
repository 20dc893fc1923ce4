//! Messages that are there. New ones are written by the [`super::writer`] alone.

use async_trait::async_trait;
use rondo_domain::{
    event::Position,
    ids::{MessageId, SessionId},
    message::Message,
    page::{Limit, MessageKey, Page},
    store::{MessageReads, MessageWrites, StoreError},
};
use sea_orm::DbErr;

use super::{
    SqlStore, bulk,
    error::{corrupt, store},
    page::one_more,
    rows::{Cells, message_columns, user_columns},
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
        let (sql, from) = match key {
            MessageKey::Before(seq) => (BEFORE, seq.unwrap_or(i64::MAX)),
            MessageKey::After(seq) => (AFTER, seq),
        };
        let values = [session.0.into(), from.into(), one_more(limit).into()];
        let rows = self.reader().rows(sql, values).await.map_err(store)?;
        let messages = rows.iter().map(|row| Cells::new(row).message()).collect::<Result<Vec<_>, _>>();
        Ok(Page::cut(messages.map_err(store)?, limit, |last| match key {
            MessageKey::Before(_) => MessageKey::Before(Some(last.seq)),
            MessageKey::After(_) => MessageKey::After(last.seq),
        }))
    }

    async fn message(&self, message: MessageId) -> Result<Option<Message>, StoreError> {
        let row = self.reader().row(ONE, [message.0.into()]).await.map_err(store)?;
        row.map(|row| Cells::new(&row).message()).transpose().map_err(store)
    }
}

#[async_trait]
impl MessageWrites for SqlUnitOfWork {
    async fn locked_message(&mut self, session: SessionId, id: MessageId) -> Result<Option<Message>, StoreError> {
        let row = self.txn.row(OF_SESSION, [id.0.into(), session.0.into()]).await.map_err(store)?;
        row.map(|row| Cells::new(&row).message()).transpose().map_err(store)
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
            _ => Ok(()),
        }
    }

    async fn bury_message(&mut self, message: &Message) -> Result<(), StoreError> {
        self.bury(message).await.map_err(store)
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
