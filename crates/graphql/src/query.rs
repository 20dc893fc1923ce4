//! What can be asked for.

use async_graphql::{Context, ID, Object};
use rondo_domain::{
    InvitationId, NotificationId,
    account::{NameKey, User as Person},
    invalid::{Check, Reason},
    limits::Rule,
    lists::Span,
    notification::NotificationPage,
};
use rondo_wire::{ErrorCode, Fault, decode_activity, decode_id, decode_name, encode_id, encode_name};

use crate::{
    connection::{Arguments, Paging},
    fault::Outcome,
    object::{InvitationConnection, NotificationConnection, Session, SessionConnection, User, UserConnection},
    visit::Visit,
};

/// What can be asked for.
pub(crate) struct Query;

/// What can be asked for. All but `__typename` and the schema itself is for signed-in people. A field that is refused is
/// `null`, and `errors` tell why; the others are answered nevertheless.
#[Object]
impl Query {
    /// Oneself.
    async fn me(&self, ctx: &Context<'_>) -> Outcome<Option<User>> {
        let visit = Visit::of(ctx);
        Ok(Some(User::own(&visit.services.accounts.me(&visit.actor()?).await?)))
    }

    /// A session in which one is, or a public one; `null` with the error `not_found` where there is none to be seen.
    async fn session(&self, ctx: &Context<'_>, #[graphql(desc = "Which session.")] id: ID) -> Outcome<Option<Session>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor()?;
        let nothing = |_| Fault::new(ErrorCode::NotFound, "There is no such session.");
        let session = visit.services.sessions.get(&actor, id.parse().map_err(nothing)?).await?;
        Ok(Some((&session).into()))
    }

    /// One's sessions, newest activity first.
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many to give from the beginning, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin.")] after: Option<String>,
        #[graphql(desc = "How many to give from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "The cursor before which to end.")] before: Option<String>,
    ) -> Outcome<Option<SessionConnection>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor()?;
        let Paging { span, limit } = Arguments { first, after, last, before }.read(decode_activity)?;
        let page = match span {
            Span::After(key) => visit.services.sessions.mine(&actor, key, limit).await?,
            Span::Before(key) => visit.services.lists.sessions_before(&actor, key, limit).await?,
        };
        Ok(Some(SessionConnection::listed(&page, &span)))
    }

    /// Public sessions to join, newest activity first. Those in which one is already show one's `role`.
    async fn public_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A part of the name, without case; left out, all of them.")] query: Option<String>,
        #[graphql(desc = "How many to give from the beginning, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin.")] after: Option<String>,
        #[graphql(desc = "How many to give from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "The cursor before which to end.")] before: Option<String>,
    ) -> Outcome<Option<SessionConnection>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor()?;
        let query = sought(query, 100)?;
        let Paging { span, limit } = Arguments { first, after, last, before }.read(decode_activity)?;
        let query = query.as_deref();
        let page = match span {
            Span::After(key) => visit.services.sessions.public(&actor, query, key, limit).await?,
            Span::Before(key) => visit.services.lists.public_sessions_before(&actor, query, key, limit).await?,
        };
        Ok(Some(SessionConnection::listed(&page, &span)))
    }

    /// People by a part of their name, without case, or by their whole e-mail address; by name. Addresses are not shown.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A part of the name, or a whole e-mail address; left out, everybody.")] query: Option<String>,
        #[graphql(desc = "How many to give from the beginning, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin.")] after: Option<String>,
        #[graphql(desc = "How many to give from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "The cursor before which to end.")] before: Option<String>,
    ) -> Outcome<Option<UserConnection>> {
        let visit = Visit::of(ctx);
        visit.actor_under(Rule::Search).await?;
        let query = sought(query, 254)?;
        let Paging { span, limit } = Arguments { first, after, last, before }.read(decode_name)?;
        let query = query.as_deref();
        let page = match &span {
            Span::After(key) => visit.services.accounts.search(query, key.as_ref(), limit).await?,
            Span::Before(key) => visit.services.lists.people_before(query, key.as_ref(), limit).await?,
        };
        let cursor =
            |person: &Person| encode_name(&NameKey { name: person.display_name.to_lowercase(), id: person.id });
        Ok(Some(UserConnection::of(&page, &span, cursor)))
    }

    /// The invitations that wait for one's answer, the newest first.
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many to give from the beginning, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin.")] after: Option<String>,
        #[graphql(desc = "How many to give from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "The cursor before which to end.")] before: Option<String>,
    ) -> Outcome<Option<InvitationConnection>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor()?;
        let Paging { span, limit } = Arguments { first, after, last, before }.read(decode_id)?;
        let page = match span {
            Span::After(key) => visit.services.invitations.mine(&actor, key.map(InvitationId), limit).await?,
            Span::Before(key) => visit.services.lists.invitations_before(&actor, key.map(InvitationId), limit).await?,
        };
        Ok(Some(InvitationConnection::of(&page, &span, |invitation| encode_id(invitation.id.0))))
    }

    /// What one should know, the newest first.
    async fn notifications(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether those that were read are left out.", default = false)] unread: bool,
        #[graphql(desc = "How many to give from the beginning, 1 to 100; 20 when nothing is said.")] first: Option<i64>,
        #[graphql(desc = "The cursor after which to begin.")] after: Option<String>,
        #[graphql(desc = "How many to give from the end, 1 to 100.")] last: Option<i64>,
        #[graphql(desc = "The cursor before which to end.")] before: Option<String>,
    ) -> Outcome<Option<NotificationConnection>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor()?;
        let Paging { span, limit } = Arguments { first, after, last, before }.read(decode_id)?;
        let services = &visit.services;
        let NotificationPage { page, unread_count } = match span {
            Span::After(key) => services.notifications.list(&actor, unread, key.map(NotificationId), limit).await?,
            Span::Before(key) => {
                services.lists.notifications_before(&actor, unread, key.map(NotificationId), limit).await?
            }
        };
        let cursor = |notification: &rondo_domain::notification::StoredNotification| encode_id(notification.id.0);
        Ok(Some(NotificationConnection::of(&page, &span, cursor, unread_count)))
    }
}

/// What is looked for, as REST takes it.
fn sought(query: Option<String>, most: usize) -> Outcome<Option<String>> {
    let mut check = Check::default();
    let parsed = check.optional("query", query, |query| {
        if query.contains('\0') {
            return Err(Reason::new("nul_character", "must not contain a NUL character"));
        }
        let query = query.trim();
        if query.chars().count() > most {
            return Err(Reason::new("too_long", format!("must have at most {most} characters")));
        }
        Ok(query.to_owned())
    });
    Ok(parsed.ok_or_else(|| check.failed())?.filter(|query| !query.is_empty()))
}
