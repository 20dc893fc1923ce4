//! What only the texts of the log and of notifications can tell, read page by page.

use rondo_domain::event::EventKind;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde_json::Value as Json;
use uuid::Uuid;

use super::Finding;
use crate::db::{rows::Cells, whole};

/// How many rows are held at once.
const PAGE: i64 = 500;

const EVENTS: &str = "\
    SELECT e.session_id, e.position, e.kind, e.subject_id, e.data, m.content, m.edited_at IS NOT NULL, \
        m.deleted_at IS NOT NULL, m.id IS NOT NULL \
    FROM session_event e LEFT JOIN message m ON m.id = e.subject_id AND m.session_id = e.session_id \
    WHERE (e.session_id, e.position) > ($1, $2) ORDER BY e.session_id, e.position LIMIT $3";

const NOTIFICATIONS: &str = "SELECT id, kind, data FROM notification WHERE id > $1 ORDER BY id LIMIT $2";

/// An event, and the message that it is of.
struct Event {
    session: Uuid,
    position: i64,
    kind: String,
    subject: Option<Uuid>,
    data: String,
    message: Option<Message>,
}

struct Message {
    content: Option<String>,
    edited: bool,
    deleted: bool,
}

impl Event {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let mut cells = Cells::new(row);
        let (session, position, kind) = (cells.take()?, cells.take()?, cells.take()?);
        let (subject, data) = (cells.take()?, cells.take()?);
        let message = Message { content: cells.take()?, edited: cells.take()?, deleted: cells.take()? };
        let known: bool = cells.take()?;
        Ok(Self { session, position, kind, subject, data, message: known.then_some(message) })
    }

    /// What its text should tell and does not.
    fn fault(&self) -> Option<&'static str> {
        let Ok(Json::Object(data)) = serde_json::from_str(&self.data) else {
            return Some("its data is no JSON object");
        };
        let Some(kind) = EventKind::parse(&self.kind) else { return Some("its kind is unknown") };
        let told = |field: &str| data.get(field).and_then(Json::as_str).and_then(|id| id.parse::<Uuid>().ok());
        if told("sessionId").is_some_and(|session| session != self.session) {
            return Some("its data tells of another session");
        }
        let message = self.message.as_ref()?;
        let posted = match kind {
            EventKind::MessageCreate => true,
            EventKind::MessageUpdate | EventKind::MessageDelete => false,
            _ => return None,
        };
        if told("id").is_some_and(|id| Some(id) != self.subject) {
            return Some("its data tells of another message");
        }
        let content = data.get("content").and_then(Json::as_str);
        match (message.deleted, content) {
            (true, Some(_)) => Some("its message was deleted, and it still tells the content"),
            (false, None) if kind != EventKind::MessageDelete => Some("it tells no content of a message that has some"),
            (false, Some(told)) if posted && !message.edited && message.content.as_deref() != Some(told) => {
                Some("its message was never edited, and has another content")
            }
            _ => None,
        }
    }
}

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
    let mut finding = Finding::of("notifications have a kind and tell something");
    let (mut after, mut count) = (Uuid::nil(), 0_u64);
    loop {
        let page = whole::rows(db, NOTIFICATIONS, [after.into(), PAGE.into()]).await?;
        for row in &page {
            let mut cells = Cells::new(row);
            let (kind, data): (String, String);
            (after, kind, data) = (cells.take()?, cells.take()?, cells.take()?);
            count += 1;
            if kind.is_empty() || !matches!(serde_json::from_str(&data), Ok(Json::Object(_))) {
                finding.add(format!("{after}: no kind, or its data is no JSON object"));
            }
        }
        if page.is_empty() {
            finding.examined = format!("notifications: {count}");
            return Ok(finding);
        }
    }
}
