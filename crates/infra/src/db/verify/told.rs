//! Whether what an event tells is what the rows say.

use rondo_domain::{Timestamp, event::EventKind};
use sea_orm::{DbErr, QueryResult};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::db::rows::Cells;

/// What the data of each kind has to have.
struct Shape {
    fields: &'static [&'static str],
    /// Where the session's id stands.
    session: &'static str,
    /// Where the id of what it is about stands.
    subject: Option<&'static str>,
}

const MESSAGE: Shape = Shape {
    fields: &[
        "id",
        "sessionId",
        "seq",
        "author",
        "content",
        "clientMessageId",
        "replyTo",
        "createdAt",
        "editedAt",
        "deletedAt",
    ],
    session: "/sessionId",
    subject: Some("/id"),
};

const SESSION: Shape = Shape {
    fields: &[
        "id",
        "name",
        "description",
        "color",
        "imageUrl",
        "visibility",
        "memberCount",
        "lastSeq",
        "lastPosition",
        "lastMessageAt",
        "createdAt",
        "updatedAt",
    ],
    session: "/id",
    subject: None,
};

const fn shape(kind: EventKind) -> Shape {
    match kind {
        EventKind::MessageCreate | EventKind::MessageUpdate | EventKind::MessageDelete => MESSAGE,
        EventKind::SessionUpdate => SESSION,
        EventKind::SessionDelete => Shape { fields: &["sessionId"], session: "/sessionId", subject: None },
        EventKind::MemberUpdate => Shape {
            fields: &["sessionId", "user", "role", "joinedAt"],
            session: "/sessionId",
            subject: Some("/user/id"),
        },
        EventKind::MemberRemove => {
            Shape { fields: &["sessionId", "userId"], session: "/sessionId", subject: Some("/userId") }
        }
        EventKind::InvitationAccept => Shape {
            fields: &["invitation", "membership"],
            session: "/membership/sessionId",
            subject: Some("/membership/user/id"),
        },
    }
}

/// An event, and the message that it is of.
pub(super) struct Event {
    pub(super) session: Uuid,
    pub(super) position: i64,
    pub(super) kind: String,
    subject: Option<Uuid>,
    data: String,
    /// Whether it is the newest edit of its message.
    newest: bool,
    message: Option<Message>,
}

/// A message's row. A moment that cannot be read is none; that is another rule's to tell.
struct Message {
    seq: i64,
    author: Uuid,
    content: Option<String>,
    client_message_id: Option<String>,
    reply_to: Option<Uuid>,
    created_at: Option<Timestamp>,
    edited_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
}

impl Event {
    /// `session_id, position, kind, subject_id, data`, whether it is the newest edit, and the columns of the message.
    pub(super) fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let mut cells = Cells::new(row);
        Ok(Self {
            session: cells.take()?,
            position: cells.take()?,
            kind: cells.take()?,
            subject: cells.take()?,
            data: cells.take()?,
            newest: cells.take()?,
            message: Message::read(&mut cells)?,
        })
    }

    /// What its text should tell and does not.
    pub(super) fn fault(&self) -> Option<String> {
        let Ok(Json::Object(data)) = serde_json::from_str(&self.data) else {
            return Some("its data is no JSON object".to_owned());
        };
        let Some(kind) = EventKind::parse(&self.kind) else { return Some("its kind is unknown".to_owned()) };
        let shape = shape(kind);
        if let Some(field) = shape.fields.iter().find(|field| !data.contains_key(**field)) {
            return Some(format!("its data has no {field}"));
        }
        if let Some(field) = no_moment(&data) {
            return Some(format!("its {field} is no moment"));
        }
        let data = Json::Object(data);
        if id(&data, shape.session) != Some(self.session) {
            return Some("its data tells of another session".to_owned());
        }
        if shape.subject.is_some_and(|place| id(&data, place) != self.subject) {
            return Some("its data tells of somebody or something else".to_owned());
        }
        let field = match kind {
            EventKind::MessageCreate | EventKind::MessageUpdate | EventKind::MessageDelete => {
                self.message.as_ref()?.contradicts(kind, self.newest, &data)?
            }
            _ => return None,
        };
        Some(format!("its {field} is not that of its message"))
    }
}

impl Message {
    fn read(cells: &mut Cells<'_>) -> Result<Option<Self>, DbErr> {
        let Some(seq) = cells.take()? else { return Ok(None) };
        Ok(Some(Self {
            seq,
            author: cells.take()?,
            content: cells.take()?,
            client_message_id: cells.take()?,
            reply_to: cells.take()?,
            created_at: cells.take().unwrap_or_default(),
            edited_at: cells.take().unwrap_or_default(),
            deleted_at: cells.take().unwrap_or_default(),
        }))
    }

    /// The first field in which an event tells something else than this.
    fn contradicts(&self, kind: EventKind, newest: bool, data: &Json) -> Option<&'static str> {
        let is_posting = kind == EventKind::MessageCreate;
        let is_end = kind == EventKind::MessageDelete;
        let text = |field: &str| data[field].as_str();
        let moment = |field: &str| text(field).and_then(parsed).map(|moment| moment.timestamp_millis());
        let millis = |moment: Option<Timestamp>| moment.map(|moment| moment.timestamp_millis());
        // What was said before the newest edit is known to the log alone.
        let says_it = match (self.deleted_at, is_posting) {
            (Some(_), _) => text("content").is_none(),
            (None, true) if self.edited_at.is_none() => text("content") == self.content.as_deref(),
            (None, false) if newest => text("content") == self.content.as_deref(),
            (None, _) => text("content").is_some(),
        };
        let edited = match kind {
            EventKind::MessageCreate => data["editedAt"].is_null(),
            EventKind::MessageUpdate if !newest => moment("editedAt").is_some(),
            _ => moment("editedAt") == millis(self.edited_at),
        };
        let deleted_at = if is_end { millis(self.deleted_at) } else { None };
        [
            ("seq", data["seq"].as_i64() == Some(self.seq)),
            ("author", id(data, "/author/id") == Some(self.author)),
            ("clientMessageId", text("clientMessageId") == self.client_message_id.as_deref()),
            ("replyTo", id(data, "/replyTo") == self.reply_to),
            ("createdAt", moment("createdAt") == millis(self.created_at)),
            ("editedAt", edited),
            ("deletedAt", moment("deletedAt") == deleted_at),
            ("content", says_it),
        ]
        .into_iter()
        .find_map(|(field, holds)| (!holds).then_some(field))
    }
}

fn id(data: &Json, place: &str) -> Option<Uuid> {
    data.pointer(place)?.as_str()?.parse().ok()
}

/// A moment as it is shown: in UTC, with whole milliseconds.
fn parsed(text: &str) -> Option<Timestamp> {
    let moment = chrono::DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true) == text).then_some(moment)
}

/// The first field that should hold a moment and does not, however deep it lies.
fn no_moment(data: &Map<String, Json>) -> Option<&str> {
    data.iter().find_map(|(field, value)| match value {
        Json::Object(inner) => no_moment(inner),
        Json::Null => None,
        value if field.ends_with("At") => value.as_str().and_then(parsed).is_none().then_some(field.as_str()),
        _ => None,
    })
}
