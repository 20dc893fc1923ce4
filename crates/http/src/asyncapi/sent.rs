//! The table of what clients send: each event with its payload, its acknowledgement, and why it may be refused.

use rondo_domain::{event::EventKind, invitation::Status};
use rondo_wire::{
    ErrorCode, Time, presence_list,
    socket::{
        Ack, AnswerInvitation, ConnectionRefreshed, Declined, DeleteMessage, EditMessage, JoinSession, Joined,
        LeaveSession, Nothing, ReadMessages, RefreshConnection, SendMessage, event_views,
    },
    view::{AcceptedView, MessageView, SessionView},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{examples, json::Json, shape::Shape};
use crate::gateway::ClientEvent;

/// How every event may be refused.
pub(super) const ANY: [ErrorCode; 6] = [
    ErrorCode::ValidationFailed,
    ErrorCode::Unauthenticated,
    ErrorCode::TokenExpired,
    ErrorCode::RateLimited,
    ErrorCode::Internal,
    ErrorCode::Unavailable,
];

/// How an event is refused that does not exist.
pub(super) const UNKNOWN: ErrorCode = ErrorCode::UnknownEvent;

/// An event that clients send.
pub(super) struct Sent {
    pub(super) event: ClientEvent,
    pub(super) payload: Shape,
    pub(super) answer: Answer,
    /// A line for people.
    pub(super) summary: &'static str,
    /// What else is to be known.
    pub(super) detail: &'static str,
    /// How it may be refused, beside [`ANY`].
    pub(super) errors: &'static [ErrorCode],
}

impl Sent {
    /// How it may be refused.
    pub(super) fn codes(&self) -> impl Iterator<Item = ErrorCode> {
        self.errors.iter().chain(&ANY).copied()
    }

    /// The field that its payload begins with.
    pub(super) fn first_field(&self) -> String {
        match self.payload.example() {
            Some(Json::Object(fields)) => fields.into_iter().next().map(|(name, _)| name).unwrap_or_default(),
            _ => String::new(),
        }
    }
}

/// What an event is acknowledged with.
pub(super) struct Answer {
    /// The type of `data`.
    pub(super) data: Shape,
    /// The type of the whole acknowledgement.
    pub(super) whole: Shape,
    /// The acknowledgement of an event that was done.
    pub(super) done: Json,
}

impl Answer {
    fn with<T: Serialize + ToSchema>(data: T) -> Self {
        Self { data: Shape::of::<T>(), whole: Shape::of::<Ack<T>>(), done: Json::of(&Ack::done(data)) }
    }
}

/// Every event that clients send.
pub(super) fn sent() -> Vec<Sent> {
    ClientEvent::ALL.into_iter().map(described).collect()
}

/// The table.
pub(super) fn described(event: ClientEvent) -> Sent {
    use ErrorCode as C;
    let (payload, answer, summary, detail, errors): (_, _, _, _, &[C]) = match event {
        ClientEvent::SessionJoin => (
            Shape::of::<JoinSession>(),
            joined(),
            "Hear a session from now on",
            "For members. The acknowledgement is where the client starts from: the session, who is present, and with \
             `after` all that came since that position, at most 500 events. Live events begin right after its \
             `position`, without gap or repeat; with `more`, page what is missing with \
             `GET /api/sessions/{id}/events?after=`. With `recovered: false` the log could not tell what came since: \
             read afresh. Joining again, with another `after`, starts anew. A session that was deleted is acknowledged \
             with the last it had to tell to those who were members and give `after`; nothing live follows.",
            &[C::NotFound, C::Forbidden, C::Conflict],
        ),
        ClientEvent::SessionLeave => (
            Shape::of::<LeaveSession>(),
            Answer::with(Nothing {}),
            "Hear a session no more",
            "The room is left at once, and so is one's presence, unless another connection is there; membership stays. \
             Without effect where the session was not joined.",
            &[],
        ),
        ClientEvent::MessageCreate => (
            Shape::of::<SendMessage>(),
            Answer::with(MessageView::from(&examples::message())),
            "Write a message",
            "For members and above; the session need not be joined. Acknowledged once the message is stored for good. \
             A repeated `clientMessageId` is acknowledged with the first message and emits nothing. One's own read \
             marker moves to the message. `<@userId>` in the text notifies that member, at most 20 of them.",
            &[C::NotFound, C::Forbidden],
        ),
        ClientEvent::MessageUpdate => (
            Shape::of::<EditMessage>(),
            Answer::with(MessageView::from(&examples::edited())),
            "Change what one's own message says",
            "Nobody edits another's message, and a deleted one cannot be edited (`conflict`). The same text again is \
             acknowledged and emits nothing.",
            &[C::NotFound, C::Forbidden, C::Conflict],
        ),
        ClientEvent::MessageDelete => (
            Shape::of::<DeleteMessage>(),
            Answer::with(MessageView::from(&examples::deleted())),
            "Delete a message",
            "One's own, or with the role of a moderator or owner anybody's. A tombstone keeps its `seq`, with \
             `content: null`; its content leaves the log too. Deleting it again is acknowledged and emits nothing.",
            &[C::NotFound, C::Forbidden],
        ),
        ClientEvent::MessageRead => (
            Shape::of::<ReadMessages>(),
            Answer::with(Nothing {}),
            "Move one's read marker",
            "Never back: a lower `seq` is acknowledged and has no effect. The session need not be joined.",
            &[C::NotFound, C::Forbidden],
        ),
        ClientEvent::TypingStart => (
            Shape::of::<LeaveSession>(),
            Answer::with(Nothing {}),
            "Show that one types",
            "For members and above, in a session that was joined. It holds for 5 seconds: repeat it while typing goes \
             on. The room hears only that it began.",
            &[C::NotJoined, C::NotFound, C::Forbidden],
        ),
        ClientEvent::TypingStop => (
            Shape::of::<LeaveSession>(),
            Answer::with(Nothing {}),
            "Show that one types no more",
            "In a session that was joined; without effect for whoever does not type.",
            &[C::NotJoined],
        ),
        ClientEvent::InvitationAccept => (
            Shape::of::<AnswerInvitation>(),
            Answer::with(AcceptedView::from(&examples::accepted())),
            "Accept an invitation",
            "Its own address alone may answer it: to others there is no such invitation. A settled one is `conflict`. \
             The session is then to be joined like any other.",
            &[C::NotFound, C::Conflict],
        ),
        ClientEvent::InvitationDecline => (
            Shape::of::<AnswerInvitation>(),
            Answer::with(Declined { invitation: (&examples::invitation(Status::Declined)).into() }),
            "Decline an invitation",
            "As `invitation:accept`. Its inviter is notified.",
            &[C::NotFound, C::Conflict],
        ),
        ClientEvent::AuthRefresh => (
            Shape::of::<RefreshConnection>(),
            Answer::with(ConnectionRefreshed { expires_at: Time(examples::moment(900)) }),
            "Lengthen the life of the connection",
            "With a newer access token of the same person (`forbidden` for somebody else's). A connection ends when \
             its token runs out, unless this came first. An older token of the same login leaves its life as it is; by \
             another login's token it stands for as long as that token and that login do.",
            &[C::Forbidden],
        ),
    };
    Sent { event, payload, answer, summary, detail, errors }
}

fn joined() -> Answer {
    let (session, people) = (examples::session(), examples::people());
    let presence = presence_list(&people);
    let events = [examples::recorded(&examples::lasting(EventKind::MessageCreate))];
    Answer::with(Joined {
        session: SessionView::from(&session),
        presence: &presence,
        presence_count: people.len(),
        position: session.last_position,
        recovered: true,
        events: event_views(&events),
        more: false,
    })
}
