//! What Socket.IO clients send, and what they are acknowledged with.

use std::time::Duration;

use rondo_domain::{
    Invalid, InvitationId, MessageId, SessionId,
    event::{Position, RecordedEvent},
    invalid::{Check, Reason},
    message::{Content, PostMessage},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Schema, Type},
};
use uuid::Uuid;

use crate::{
    ErrorCode, Fault, FieldError, Time,
    body::{CreateMessage, seq},
    view::{EventView, InvitationView, PresentView, SessionView},
};

/// `session:join`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"sessionId": "019c0e3a-5c00-7000-8000-000000000002", "after": 7}))]
pub struct JoinSession {
    /// Which session.
    #[schema(format = Uuid)]
    pub session_id: String,
    /// The last position seen: all that came since is given back, at most 500 events. Without it, nothing is.
    #[schema(minimum = 0)]
    pub after: Option<i64>,
}

/// A wish to hear a session, from a position on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Which session.
    pub session: SessionId,
    /// The last position seen.
    pub after: Option<Position>,
}

impl TryFrom<JoinSession> for JoinRequest {
    type Error = Invalid;

    fn try_from(body: JoinSession) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let session = check.field("sessionId", id(&body.session_id));
        let after = check.optional("after", body.after, position);
        match (session, after) {
            (Some(session), Some(after)) => Ok(Self { session, after }),
            _ => Err(check.failed()),
        }
    }
}

/// `session:leave`, `typing:start` and `typing:stop`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"sessionId": "019c0e3a-5c00-7000-8000-000000000002"}))]
pub struct LeaveSession {
    /// Which session.
    #[schema(format = Uuid)]
    pub session_id: String,
}

impl TryFrom<LeaveSession> for SessionId {
    type Error = Invalid;

    fn try_from(body: LeaveSession) -> Result<Self, Invalid> {
        let mut check = Check::default();
        check.field("sessionId", id(&body.session_id)).ok_or_else(|| check.failed())
    }
}

/// `message:create`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"sessionId": "019c0e3a-5c00-7000-8000-000000000002", "content": "¡Golazo!", "clientMessageId": "c-1"}))]
pub struct SendMessage {
    /// Which session.
    #[schema(format = Uuid)]
    pub session_id: String,
    /// What to say: 1 to 4,000 characters after trimming.
    #[schema(min_length = 1, max_length = 4000)]
    pub content: String,
    /// A name of the client's own, so that a repeated send has effect once: 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    pub client_message_id: Option<String>,
    /// A message of the same session that this one answers.
    #[schema(format = Uuid)]
    pub reply_to: Option<String>,
}

impl TryFrom<SendMessage> for PostMessage {
    type Error = Invalid;

    fn try_from(body: SendMessage) -> Result<Self, Invalid> {
        let SendMessage { session_id, content, client_message_id, reply_to } = body;
        let mut check = Check::default();
        let session = check.field("sessionId", id(&session_id));
        CreateMessage { content, client_message_id, reply_to }.check(session, check)
    }
}

/// `message:update`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"messageId": "019c0e3a-5c00-7000-8000-000000000003", "content": "¡Golazo de media cancha!"}))]
pub struct EditMessage {
    /// Which message.
    #[schema(format = Uuid)]
    pub message_id: String,
    /// What it says now: 1 to 4,000 characters after trimming.
    #[schema(min_length = 1, max_length = 4000)]
    pub content: String,
}

impl TryFrom<EditMessage> for (MessageId, Content) {
    type Error = Invalid;

    fn try_from(body: EditMessage) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let message = check.field("messageId", id(&body.message_id));
        let content = check.field("content", Content::parse(&body.content));
        match (message, content) {
            (Some(message), Some(content)) => Ok((message, content)),
            _ => Err(check.failed()),
        }
    }
}

/// `message:delete`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"messageId": "019c0e3a-5c00-7000-8000-000000000003"}))]
pub struct DeleteMessage {
    /// Which message.
    #[schema(format = Uuid)]
    pub message_id: String,
}

impl TryFrom<DeleteMessage> for MessageId {
    type Error = Invalid;

    fn try_from(body: DeleteMessage) -> Result<Self, Invalid> {
        let mut check = Check::default();
        check.field("messageId", id(&body.message_id)).ok_or_else(|| check.failed())
    }
}

/// `message:read`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"sessionId": "019c0e3a-5c00-7000-8000-000000000002", "seq": 7}))]
pub struct ReadMessages {
    /// Which session.
    #[schema(format = Uuid)]
    pub session_id: String,
    /// The `seq` of the last message that was read; 0 for none, and beyond the last one it counts as the last one.
    #[schema(minimum = 0)]
    pub seq: i64,
}

impl TryFrom<ReadMessages> for (SessionId, i64) {
    type Error = Invalid;

    fn try_from(body: ReadMessages) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let session = check.field("sessionId", id(&body.session_id));
        let seq = check.field("seq", seq(body.seq));
        match (session, seq) {
            (Some(session), Some(seq)) => Ok((session, seq)),
            _ => Err(check.failed()),
        }
    }
}

/// `invitation:accept` and `invitation:decline`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"invitationId": "019c0e3a-5c00-7000-8000-000000000005"}))]
pub struct AnswerInvitation {
    /// Which invitation.
    #[schema(format = Uuid)]
    pub invitation_id: String,
}

impl TryFrom<AnswerInvitation> for InvitationId {
    type Error = Invalid;

    fn try_from(body: AnswerInvitation) -> Result<Self, Invalid> {
        let mut check = Check::default();
        check.field("invitationId", id(&body.invitation_id)).ok_or_else(|| check.failed())
    }
}

/// The acknowledgement of `invitation:decline`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Declined<'a> {
    /// The invitation, declined.
    pub invitation: InvitationView<'a>,
}

/// `auth:refresh`
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTljMGUzYSJ9.c2lnbmF0dXJl"}))]
pub struct RefreshConnection {
    /// A newer access token of the same person.
    pub token: String,
}

/// What a handshake carries.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTljMGUzYSJ9.c2lnbmF0dXJl"}))]
pub struct Handshake {
    /// The access token.
    pub token: String,
}

/// What a refused connection hears: `connect_error`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectError {
    /// Nothing but the code from the catalogue.
    pub message: ErrorCode,
}

/// The acknowledgement of `auth:refresh`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRefreshed {
    /// Until when the connection lives now.
    pub expires_at: Time,
}

/// The acknowledgement of `session:join`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Joined<'a> {
    /// The session as the person sees it.
    pub session: SessionView<'a>,
    /// Who is present, the longest first: at most 200 people.
    #[schema(value_type = Vec<PresentView<'a>>)]
    pub presence: &'a RawValue,
    /// How many people are present altogether, oneself too.
    pub presence_count: usize,
    /// Live events begin right after this position.
    #[schema(value_type = i64, minimum = 0)]
    pub position: Position,
    /// Whether `events` tell all that came after the position asked from; with `false`, read afresh.
    pub recovered: bool,
    /// What came since, oldest first, at most 500.
    pub events: Vec<EventView<'a>>,
    /// Whether `events` end before `position`: page the rest.
    pub more: bool,
}

/// `session:lagged`: what a connection that read too slowly has missed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lagged {
    /// In which session.
    pub session_id: Uuid,
    /// The first position that was dropped.
    #[schema(value_type = i64, minimum = 1)]
    pub from: Position,
    /// The last position that was dropped.
    #[schema(value_type = i64, minimum = 1)]
    pub to: Position,
}

/// `server:draining`: the node is stopping, and closes the connection shortly.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeDraining {
    /// How many milliseconds after the connection was closed to come back: the clients of a node are spread over this time.
    #[schema(minimum = 0)]
    pub reconnect_in_ms: u64,
}

/// Nothing to say but that it is done.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Nothing {}

/// An acknowledgement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Ack<T> {
    /// It was done.
    Done {
        /// Always `true`.
        #[schema(schema_with = always_true)]
        ok: bool,
        /// What came of it.
        data: T,
    },
    /// It was refused.
    Refused {
        /// Always `false`.
        #[schema(schema_with = always_false)]
        ok: bool,
        /// Why.
        error: AckError,
    },
}

/// Why an event was refused.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AckError {
    /// The code from the catalogue.
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: String,
    /// The refused fields; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// In how many milliseconds to try again; left out where that does not help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after_ms: Option<u64>,
}

impl<T> Ack<T> {
    /// It was done.
    pub const fn done(data: T) -> Self {
        Self::Done { ok: true, data }
    }

    /// It was refused.
    #[must_use]
    pub fn refused(fault: Fault) -> Self {
        // Rounded up: who comes back at the millisecond told is not too early.
        let milliseconds = |wait: Duration| u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        let retry_after_ms = fault.retry_after.map(milliseconds);
        let error = AckError { code: fault.code, message: fault.detail, errors: fault.errors, retry_after_ms };
        Self::Refused { ok: false, error }
    }
}

/// Events as a page or a replay shows them.
#[must_use]
pub fn event_views(events: &[RecordedEvent]) -> Vec<EventView<'_>> {
    events.iter().map(EventView::from).collect()
}

fn always_true() -> Schema {
    always(true)
}

fn always_false() -> Schema {
    always(false)
}

fn always(answer: bool) -> Schema {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([answer])).into()
}

fn id<T: std::str::FromStr>(raw: &str) -> Result<T, Reason> {
    raw.parse().map_err(|_| Reason::new("invalid_format", "must be a UUID"))
}

/// Reads a place in a session's log.
///
/// # Errors
/// `out_of_range`.
pub fn position(raw: i64) -> Result<Position, Reason> {
    if raw >= 0 { Ok(raw) } else { Err(Reason::new("out_of_range", "must be 0 or more")) }
}
