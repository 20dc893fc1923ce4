//! Sessions, who is in them, and the lists that hang on them.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{ComplexObject, Context, Enum, SimpleObject};
use rondo_domain::{
    InvitationId, SessionId,
    lists::Span,
    page::{ActivityKey, Limit, MemberKey, MessageKey},
    policy::Role as Rank,
    session::{Membership as Seat, Session as Room, Visibility as Openness},
    store::StoreError,
};
use rondo_wire::{
    Fault, decode_id, decode_member, decode_message, decode_roll, encode_activity, encode_id, encode_member,
    encode_message,
};
use serde::Deserialize;

use super::{InvitationConnection, MessageConnection, PresenceConnection, SessionEventConnection, User};
use crate::{
    connection::{Arguments, Paging, connection},
    fault::{Outcome, Refusal},
    loader::{Loaded, Part},
    scalar::{DateTime, Id},
    visit::Visit,
};

/// A member's role in a session, highest first.
#[derive(Clone, Copy, Debug, Deserialize, Enum, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Does everything.
    Owner,
    /// Keeps order.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads.
    Viewer,
}

impl From<Rank> for Role {
    fn from(role: Rank) -> Self {
        match role {
            Rank::Owner => Self::Owner,
            Rank::Moderator => Self::Moderator,
            Rank::Member => Self::Member,
            Rank::Viewer => Self::Viewer,
        }
    }
}

impl From<Role> for Rank {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Moderator => Self::Moderator,
            Role::Member => Self::Member,
            Role::Viewer => Self::Viewer,
        }
    }
}

/// Who may find a session.
#[derive(Clone, Copy, Debug, Deserialize, Enum, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Visibility {
    /// Members alone know that it exists.
    Private,
    /// Any signed-in person may find and join it.
    Public,
}

impl Visibility {
    /// The word that the other surfaces use.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Private => Openness::Private.as_str(),
            Self::Public => Openness::Public.as_str(),
        }
    }
}

impl From<Openness> for Visibility {
    fn from(visibility: Openness) -> Self {
        match visibility {
            Openness::Private => Self::Private,
            Openness::Public => Self::Public,
        }
    }
}

/// A session as nobody in particular sees it.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionFacts {
    /// Which.
    id: Id,
    /// Its name.
    name: String,
    /// What it is about.
    description: Option<String>,
    /// A CSS colour.
    color: Option<String>,
    /// A picture.
    image_url: Option<String>,
    /// Who may find it.
    visibility: Visibility,
    /// How many are members.
    member_count: i64,
    /// The `seq` of its newest message; 0 before the first.
    last_seq: i64,
    /// The position of its newest event; 0 before the first.
    last_position: i64,
    /// When its newest message was posted.
    last_message_at: Option<DateTime>,
    /// Since when.
    created_at: DateTime,
    /// When its name, description, looks or visibility last changed.
    updated_at: DateTime,
}

/// A session as one person sees it.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    #[serde(flatten)]
    #[graphql(flatten)]
    facts: SessionFacts,
    /// One's own role; `null` for an outsider.
    role: Option<Role>,
    /// Messages beyond one's own read marker.
    unread_count: i64,
}

impl From<&Room> for Session {
    fn from(session: &Room) -> Self {
        Self {
            facts: SessionFacts {
                id: Id(session.id.0),
                name: session.name.clone(),
                description: session.description.clone(),
                color: session.color.clone(),
                image_url: session.image_url.clone(),
                visibility: session.visibility.into(),
                member_count: session.member_count,
                last_seq: session.last_seq,
                last_position: session.last_position,
                last_message_at: session.last_message_at.map(DateTime::from),
                created_at: session.created_at.into(),
                updated_at: session.updated_at.into(),
            },
            role: session.role.map(Role::from),
            unread_count: session.unread_count,
        }
    }
}

#[ComplexObject]
impl Session {
    /// Who is in it, by the time of their coming; for its members.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many to give from the beginning, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin.")] after: Option<String>,
        #[graphql(desc = "How many to give from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "The cursor before which to end.")] before: Option<String>,
    ) -> Outcome<Option<MemberConnection>> {
        let (visit, id) = (Visit::of(ctx), self.key());
        let Paging { span, limit } = Arguments { first, after, last, before }.read(decode_member)?;
        let (lists, actor) = (Arc::clone(&visit.services.lists), visit.actor()?);
        let fetch = |keys: Vec<Part<Span<MemberKey>>>| async move {
            let mut loaded = HashMap::new();
            for (limit, asked) in by_limit(&keys) {
                gather(&mut loaded, &asked, limit, lists.members(&actor, &asked, limit).await);
            }
            loaded
        };
        let page = visit.loaders.members.load((id, span, limit), fetch).await.ok_or_else(unanswered)??;
        let cursor = |seat: &Seat| encode_member(&MemberKey { joined_at: seat.joined_at, user: seat.user.id });
        Ok(Some(MemberConnection::of(&page, &span, cursor, self.facts.member_count)))
    }

    /// What was written in it, the newest first; for its members. `last` gives the oldest, `before` those that are newer
    /// than a cursor.
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many to give from the newest on, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin: older ones follow.")] after: Option<String>,
        #[graphql(desc = "How many to give from the oldest end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "The cursor before which to end: newer ones stand there.")] before: Option<String>,
    ) -> Outcome<Option<MessageConnection>> {
        let (visit, id) = (Visit::of(ctx), self.key());
        let Paging { span, limit } = Arguments { first, after, last, before }.read(seq)?;
        let key = match span {
            Span::After(seq) => MessageKey::Before(seq),
            Span::Before(seq) => seq.map_or(MessageKey::After(0), MessageKey::After),
        };
        let (lists, actor) = (Arc::clone(&visit.services.lists), visit.actor()?);
        let fetch = |keys: Vec<Part<MessageKey>>| async move {
            let mut loaded = HashMap::new();
            for (limit, asked) in by_limit(&keys) {
                gather(&mut loaded, &asked, limit, lists.messages(&actor, &asked, limit).await);
            }
            loaded
        };
        let page = visit.loaders.messages.load((id, key, limit), fetch).await.ok_or_else(unanswered)??;
        let cursor = |message: &rondo_domain::message::Message| encode_message(&MessageKey::Before(Some(message.seq)));
        Ok(Some(MessageConnection::of(&page, &span, cursor, self.facts.last_seq)))
    }

    /// Who is there at this moment, the longest first; for its members.
    async fn presence(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many to give, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin.")] after: Option<String>,
    ) -> Outcome<Option<PresenceConnection>> {
        let (visit, id) = (Visit::of(ctx), self.key());
        let Paging { span, limit } = Arguments { first, after, last: None, before: None }.read(decode_roll)?;
        let (Span::After(key) | Span::Before(key)) = span;
        let (lists, actor) = (Arc::clone(&visit.services.lists), visit.actor()?);
        let fetch = |keys: Vec<Part<_>>| async move {
            let mut loaded = HashMap::new();
            for (limit, asked) in by_limit(&keys) {
                gather(&mut loaded, &asked, limit, lists.presences(&actor, &asked, limit).await);
            }
            loaded
        };
        let joined = visit.loaders.presences.load((id, key, limit), fetch).await.ok_or_else(unanswered)??;
        Ok(Some(PresenceConnection::joined(&joined, &span)))
    }

    /// The durable events after a position, oldest first; for its members. With `more`, ask again at once with `after` set
    /// to `position`. With `recovered: false` the log does not reach back that far: read the session and its messages
    /// afresh, and go on from `position`.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The last position seen.", default = 0)] after: i64,
        #[graphql(desc = "How many to give, 1 to 500; 100 when nothing is said.")] first: Option<i64>,
    ) -> Outcome<Option<SessionEventConnection>> {
        let visit = Visit::of(ctx);
        let mut check = rondo_domain::invalid::Check::default();
        let limit = check.optional("first", first, Limit::parse_events);
        let position = check.field("after", rondo_wire::socket::position(after));
        let (Some(limit), Some(after)) = (limit, position) else { return Err(check.failed().into()) };
        let limit = limit.unwrap_or(Limit::EVENTS_DEFAULT);
        let page = visit.services.sessions.events(&visit.actor()?, self.key(), after, limit).await?;
        Ok(Some(SessionEventConnection::of(&page, after)))
    }

    /// Who is invited, the newest first; for those who may invite.
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many to give from the beginning, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin.")] after: Option<String>,
        #[graphql(desc = "How many to give from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "The cursor before which to end.")] before: Option<String>,
    ) -> Outcome<Option<InvitationConnection>> {
        let (visit, id) = (Visit::of(ctx), self.key());
        let Paging { span, limit } = Arguments { first, after, last, before }.read(decode_id)?;
        let (services, actor) = (&visit.services, visit.actor()?);
        let page = match span {
            Span::After(key) => services.invitations.of_session(&actor, id, key.map(InvitationId), limit).await?,
            Span::Before(key) => services.lists.invitations_of_before(&actor, id, key.map(InvitationId), limit).await?,
        };
        Ok(Some(InvitationConnection::of(&page, &span, |invitation| encode_id(invitation.id.0))))
    }
}

impl Session {
    const fn key(&self) -> SessionId {
        SessionId(self.facts.id.0)
    }
}

/// The `seq` in a cursor of messages, whichever way it was made for.
fn seq(cursor: &str) -> Result<i64, rondo_domain::Invalid> {
    Ok(match decode_message(cursor)? {
        MessageKey::Before(seq) => seq.unwrap_or(i64::MAX),
        MessageKey::After(seq) => seq,
    })
}

/// The keys of one limit together: it is one for a whole query.
fn by_limit<K: Copy>(keys: &[Part<K>]) -> Vec<(Limit, Vec<(SessionId, K)>)> {
    let mut parts: Vec<(Limit, Vec<(SessionId, K)>)> = Vec::new();
    for (id, key, limit) in keys {
        match parts.iter_mut().find(|(known, _)| known == limit) {
            Some((_, asked)) => asked.push((*id, *key)),
            None => parts.push((*limit, vec![(*id, *key)])),
        }
    }
    parts
}

/// Puts what was loaded to the keys that asked for it.
fn gather<K, V, E>(
    loaded: &mut Loaded<Part<K>, V>,
    asked: &[(SessionId, K)],
    limit: Limit,
    answers: Result<Vec<Result<V, E>>, StoreError>,
) where
    K: Copy + Eq + std::hash::Hash,
    E: Into<Fault>,
{
    let keys = asked.iter().map(|(id, key)| (*id, *key, limit));
    match answers {
        Ok(answers) => loaded.extend(
            keys.zip(answers).map(|(key, answer)| (key, answer.map(Arc::new).map_err(|error| Refusal(error.into())))),
        ),
        Err(error) => {
            let refusal = Refusal(error.into());
            loaded.extend(keys.map(|key| (key, Err(refusal.clone()))));
        }
    }
}

fn unanswered() -> Fault {
    Fault::internal("a loader gave no answer to a key")
}

connection! {
    /// A page of sessions, newest activity first.
    SessionConnection, SessionEdge of Session {}
}

impl SessionConnection {
    /// A page that was asked for from `span` on.
    pub(crate) fn listed<K, S>(page: &rondo_domain::page::Page<Room, K>, span: &Span<S>) -> Self {
        Self::of(page, span, |room| encode_activity(&ActivityKey { active_at: room.active_at, id: room.id }))
    }
}

/// That somebody is in a session.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Membership {
    /// Where.
    session_id: Id,
    /// Who.
    user: User,
    /// As what.
    role: Role,
    /// Since when.
    joined_at: DateTime,
}

impl From<&Seat> for Membership {
    fn from(membership: &Seat) -> Self {
        Self {
            session_id: Id(membership.session_id.0),
            user: (&membership.user).into(),
            role: membership.role.into(),
            joined_at: membership.joined_at.into(),
        }
    }
}

connection! {
    /// A page of a session's members, by the time of their coming.
    MemberConnection, MemberEdge of Membership {
        /// How many are members.
        total_count: i64,
    }
}
