//! What can be heard. A subscription is run twice: once when somebody asks, to find out what they wish to hear and whether
//! the schema knows it, and then once per event for all who select the same. The second run knows nobody in particular,
//! so its bytes may be shared.
#![expect(clippy::unused_async, reason = "the macro wants a stream from an async function, and these have it at once")]

use std::{
    option,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Context, ID, Subscription as Streams};
use futures_util::stream::{self, Iter};
use rondo_domain::{
    SessionId,
    event::{EventKind, PersonalKind, Position, RecordedEvent},
    invalid::Check,
};
use rondo_wire::{ErrorCode, Fault};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{
    fault::{Outcome, Refusal},
    object::{Message, Notification, PresenceChange, SessionEvent, TypingChange},
};

/// Something that happened, as the hub tells of it.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// An event of a session's log.
    Lasting(&'a Arc<RecordedEvent>),
    /// What is passing, or for one person.
    Told {
        /// Its public name.
        name: &'static str,
        /// Its public JSON.
        payload: &'a RawValue,
    },
}

/// The streams that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// `sessionEvents`
    SessionEvents,
    /// `messageCreated`
    MessageCreated,
    /// `messageUpdated`
    MessageUpdated,
    /// `presenceChanged`
    PresenceChanged,
    /// `typingChanged`
    TypingChanged,
    /// `notificationCreated`
    NotificationCreated,
}

impl Stream {
    /// Whether an event of this public name stands in the stream.
    #[must_use]
    pub fn hears(self, name: &str) -> bool {
        let lasting = EventKind::parse(name);
        match self {
            Self::SessionEvents => lasting.is_some(),
            Self::MessageCreated => lasting == Some(EventKind::MessageCreate),
            Self::MessageUpdated => matches!(lasting, Some(EventKind::MessageUpdate | EventKind::MessageDelete)),
            Self::PresenceChanged => matches!(name, "session:join" | "session:leave" | "presence:diff"),
            Self::TypingChanged => matches!(name, "typing:start" | "typing:stop"),
            Self::NotificationCreated => name == PersonalKind::NotificationCreate.as_str(),
        }
    }
}

/// What somebody wishes to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Which stream.
    pub stream: Stream,
    /// Of which session; `None` for what is for the person themselves.
    pub session: Option<SessionId>,
    /// The last position seen, of those that go on from one.
    pub after: Option<Position>,
}

/// For what a subscription is run.
pub(crate) enum Occasion {
    /// Somebody asks; what they wish stands here afterwards.
    Asking(Mutex<Option<Wish>>),
    /// Something happened in a session's log.
    Lasting(Arc<RecordedEvent>),
    /// Something was told: its name and its JSON.
    Told(&'static str, Box<str>),
}

impl Occasion {
    pub(crate) fn asking() -> Self {
        Self::Asking(Mutex::new(None))
    }

    /// What was wished for.
    pub(crate) fn wish(&self) -> Option<Wish> {
        match self {
            Self::Asking(wish) => *wish.lock().unwrap_or_else(PoisonError::into_inner),
            Self::Lasting(_) | Self::Told(..) => None,
        }
    }

    /// Notes a wish, or gives what is heard: nothing while somebody asks.
    fn hear<T>(ctx: &Context<'_>, wish: Wish, read: impl FnOnce(&Self) -> Option<T>) -> Heard<T> {
        let occasion = ctx.data_unchecked::<Arc<Self>>();
        let heard = match &**occasion {
            Self::Asking(wished) => {
                *wished.lock().unwrap_or_else(PoisonError::into_inner) = Some(wish);
                None
            }
            Self::Lasting(_) | Self::Told(..) => read(occasion),
        };
        stream::iter(heard)
    }

    /// The data of what happened as a type; `None` where an older release wrote less.
    fn data<T: DeserializeOwned>(&self) -> Option<T> {
        let json = match self {
            Self::Asking(_) => return None,
            Self::Lasting(event) => &*event.data,
            Self::Told(_, json) => json,
        };
        serde_json::from_str(json).ok()
    }
}

impl From<Happening<'_>> for Occasion {
    fn from(happening: Happening<'_>) -> Self {
        match happening {
            Happening::Lasting(event) => Self::Lasting(Arc::clone(event)),
            Happening::Told { name, payload } => Self::Told(name, payload.get().into()),
        }
    }
}

/// What one run hears: one thing at most.
type Heard<T> = Iter<option::IntoIter<T>>;

/// What can be heard.
pub(crate) struct Subscription;

/// What can be heard, over a websocket in the protocol `graphql-transport-ws`. An operation begins with exactly one of
/// these fields. Rights are asked for at the beginning and with every event: a stream that one may hear no more ends with
/// an error. Hearing a session is not being present in it.
#[Streams]
impl Subscription {
    /// The lasting events of a session in the order of their positions, each once; for its members. With `after`, first
    /// all that came since, and then what comes, without a gap; without it, what comes from now on. When the log does not
    /// reach back to `after`, the error is `not_recovered`: read the session afresh, and subscribe with its
    /// `lastPosition`. Whoever loses the session hears `member:remove` or `session:delete` last.
    async fn session_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] session_id: ID,
        #[graphql(desc = "The last position seen; 0 for all from the beginning.")] after: Option<i64>,
    ) -> Result<Heard<SessionEvent>, Refusal> {
        let mut check = Check::default();
        let after = check.optional("after", after, rondo_wire::socket::position).ok_or_else(|| check.failed())?;
        let wish = Wish { after, ..of_session(Stream::SessionEvents, &session_id)? };
        Ok(Occasion::hear(ctx, wish, |occasion| match occasion {
            Occasion::Lasting(event) => Some(SessionEvent::from(&**event)),
            Occasion::Asking(_) | Occasion::Told(..) => None,
        }))
    }

    /// Messages as they are posted in a session, one's own too; for its members.
    async fn message_created(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] session_id: ID,
    ) -> Result<Heard<Message>, Refusal> {
        Ok(Occasion::hear(ctx, of_session(Stream::MessageCreated, &session_id)?, Occasion::data))
    }

    /// Messages of a session as they are edited and deleted; for its members. A deleted one has no `content`, and a
    /// `deletedAt`.
    async fn message_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] session_id: ID,
    ) -> Result<Heard<Message>, Refusal> {
        Ok(Occasion::hear(ctx, of_session(Stream::MessageUpdated, &session_id)?, Occasion::data))
    }

    /// Who comes into a session and who is gone from it; for its members. Passing: what was missed is not told again.
    async fn presence_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] session_id: ID,
    ) -> Result<Heard<PresenceChange>, Refusal> {
        Ok(Occasion::hear(ctx, of_session(Stream::PresenceChanged, &session_id)?, |occasion| match occasion {
            Occasion::Told("session:join", _) => occasion.data().map(PresenceChange::came),
            Occasion::Told("session:leave", _) => occasion.data().map(PresenceChange::went),
            Occasion::Told(..) => occasion.data(),
            Occasion::Asking(_) | Occasion::Lasting(_) => None,
        }))
    }

    /// Who types in a session and who stopped, but oneself; for its members. Passing: what was missed is not told again.
    async fn typing_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] session_id: ID,
    ) -> Result<Heard<TypingChange>, Refusal> {
        Ok(Occasion::hear(ctx, of_session(Stream::TypingChanged, &session_id)?, |occasion| match occasion {
            Occasion::Told(name, _) => occasion.data().map(|who| TypingChange::of(who, *name == "typing:start")),
            Occasion::Asking(_) | Occasion::Lasting(_) => None,
        }))
    }

    /// One's notifications as they are made.
    async fn notification_created(&self, ctx: &Context<'_>) -> Result<Heard<Notification>, Refusal> {
        let wish = Wish { stream: Stream::NotificationCreated, session: None, after: None };
        Ok(Occasion::hear(ctx, wish, Occasion::data))
    }
}

fn of_session(stream: Stream, id: &ID) -> Outcome<Wish> {
    let nothing = |_| Fault::new(ErrorCode::NotFound, "There is no such session.");
    Ok(Wish { stream, session: Some(id.parse().map_err(nothing)?), after: None })
}
