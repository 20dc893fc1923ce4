//! What only the texts of the log and of notifications can tell, read page by page.

use std::collections::HashSet;

use rondo_domain::notification::Notice;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Finding, told::Event};
use crate::db::{rows::Cells, whole};

/// How many rows are held at once.
const PAGE: i64 = 500;

/// A moment of a message, if it is one: PostgreSQL has two that lie outside of every calendar.
macro_rules! moment {
    ($column:literal) => {
        concat!("NULLIF(NULLIF(m.", $column, ", 'infinity'), '-infinity')")
    };
}

const EVENTS: &str = concat!(
    "\
    SELECT e.session_id, e.position, e.kind, e.subject_id, e.data, \
        e.kind = 'message:update' AND NOT EXISTS (\
            SELECT 1 FROM session_event l WHERE l.session_id = e.session_id AND l.subject_id = e.subject_id \
            AND l.kind = 'message:update' AND l.position > e.position), \
        m.seq, m.author_id, m.content, m.client_message_id, m.reply_to, ",
    moment!("created_at"),
    ", ",
    moment!("edited_at"),
    ", ",
    moment!("deleted_at"),
    " \
    FROM session_event e LEFT JOIN message m ON m.id = e.subject_id AND m.session_id = e.session_id \
    WHERE (e.session_id, e.position) > ($1, $2) ORDER BY e.session_id, e.position LIMIT $3"
);

const NOTIFICATIONS: &str = "SELECT id, kind, data FROM notification WHERE id > $1 ORDER BY id LIMIT $2";

/// Reads the whole log.
pub(super) async fn read<C: ConnectionTrait>(db: &C) -> Result<Finding, DbErr> {
    let mut finding = Finding::of("kept events tell what is so, and nothing of deleted messages");
    let (mut after, mut count) = ((Uuid::nil(), 0_i64), 0_u64);
    loop {
        let page = whole::rows(db, EVENTS, [after.0.into(), after.1.into(), PAGE.into()]).await?;
        for row in &page {
            let event = Event::read(row)?;
            after = (event.session, event.position);
            count += 1;
            if let Some(fault) = event.fault() {
                finding.add(format!("{} {} at position {}: {fault}", event.session, event.kind, event.position));
            }
        }
        if page.is_empty() {
            finding.examined = format!("events: {count}");
            return Ok(finding);
        }
    }
}

/// Reads every notification.
pub(super) async fn notifications<C: ConnectionTrait>(db: &C) -> Result<Finding, DbErr> {
    let mut finding = Finding::of("notifications are of a known kind, and quote no deleted message");
    let (mut after, mut count) = (Uuid::nil(), 0_u64);
    loop {
        let page = whole::rows(db, NOTIFICATIONS, [after.into(), PAGE.into()]).await?;
        let mut quotes = Vec::new();
        for row in &page {
            let mut cells = Cells::new(row);
            let (kind, data): (String, String);
            (after, kind, data) = (cells.take()?, cells.take()?, cells.take()?);
            count += 1;
            if !Notice::KINDS.contains(&kind.as_str()) {
                finding.add(format!("{after}: its kind is unknown"));
            }
            let Ok(Json::Object(data)) = serde_json::from_str(&data) else {
                finding.add(format!("{after}: its data is no JSON object"));
                continue;
            };
            let message = data.get("messageId").and_then(Json::as_str).and_then(|id| id.parse::<Uuid>().ok());
            if data.get("excerpt").is_some_and(Json::is_string) {
                quotes.extend(message.map(|message| (after, message)));
            }
        }
        let gone = deleted(db, quotes.iter().map(|(_, message)| *message)).await?;
        for (notification, message) in quotes.into_iter().filter(|(_, message)| gone.contains(message)) {
            finding.add(format!("{notification}: it quotes the deleted message {message}"));
        }
        if page.is_empty() {
            finding.examined = format!("notifications: {count}");
            return Ok(finding);
        }
    }
}

/// Those of a page of messages that were deleted.
async fn deleted<C: ConnectionTrait>(db: &C, messages: impl Iterator<Item = Uuid>) -> Result<HashSet<Uuid>, DbErr> {
    let asked: Vec<sea_orm::Value> = messages.map(Into::into).collect();
    if asked.is_empty() {
        return Ok(HashSet::new());
    }
    let places = (1..=asked.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT id FROM message WHERE deleted_at IS NOT NULL AND id IN ({places})");
    whole::rows(db, sql, asked).await?.iter().map(|row| Cells::new(row).take()).collect()
}
