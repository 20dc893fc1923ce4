//! Sessions and memberships.

use rondo_domain::{
    page::{ActivityKey, MemberKey, Page},
    policy::Role,
    session::{Membership, Session, Visibility},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::UserView;
use crate::{Time, encode_activity, encode_member};

/// A member's role, highest first.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
pub enum RoleView {
    /// Does everything.
    Owner,
    /// Keeps order.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads.
    Viewer,
}

impl From<Role> for RoleView {
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
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Visibility)]
pub enum VisibilityView {
    /// Members alone know that it exists.
    Private,
    /// Any signed-in person may find and join it.
    Public,
}

impl From<Visibility> for VisibilityView {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Private => Self::Private,
            Visibility::Public => Self::Public,
        }
    }
}

/// A session as nobody in particular sees it: what `session:update` carries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionFacts<'a> {
    /// Which.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "Fulbito del jueves")]
    pub name: &'a str,
    /// What it is about.
    #[schema(required = true)]
    pub description: Option<&'a str>,
    /// A CSS colour.
    #[schema(required = true, example = "#75aadb")]
    pub color: Option<&'a str>,
    /// A picture.
    #[schema(required = true)]
    pub image_url: Option<&'a str>,
    /// Who may find it.
    pub visibility: VisibilityView,
    /// How many are members.
    pub member_count: i64,
    /// The `seq` of its newest message; 0 before the first.
    pub last_seq: i64,
    /// The position of its newest event; 0 before the first.
    pub last_position: i64,
    /// When its newest message was posted.
    #[schema(required = true)]
    pub last_message_at: Option<Time>,
    /// Since when.
    pub created_at: Time,
    /// When its name, description, looks or visibility last changed.
    pub updated_at: Time,
}

impl<'a> From<&'a Session> for SessionFacts<'a> {
    fn from(session: &'a Session) -> Self {
        Self {
            id: session.id.0,
            name: &session.name,
            description: session.description.as_deref(),
            color: session.color.as_deref(),
            image_url: session.image_url.as_deref(),
            visibility: session.visibility.into(),
            member_count: session.member_count,
            last_seq: session.last_seq,
            last_position: session.last_position,
            last_message_at: session.last_message_at.map(Time),
            created_at: session.created_at.into(),
            updated_at: session.updated_at.into(),
        }
    }
}

/// A session as one person sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub struct SessionView<'a> {
    /// What everybody sees.
    #[serde(flatten)]
    pub facts: SessionFacts<'a>,
    /// One's own role; `null` for an outsider.
    #[schema(required = true)]
    pub role: Option<RoleView>,
    /// Messages beyond one's own read marker.
    pub unread_count: i64,
}

impl<'a> From<&'a Session> for SessionView<'a> {
    fn from(session: &'a Session) -> Self {
        Self { facts: session.into(), role: session.role.map(RoleView::from), unread_count: session.unread_count }
    }
}

/// A page of sessions.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionPage)]
pub struct SessionPageView<'a> {
    /// The sessions, newest activity first.
    pub items: Vec<SessionView<'a>>,
    /// Where the next page starts; `null` at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<'a> From<&'a Page<Session, ActivityKey>> for SessionPageView<'a> {
    fn from(page: &'a Page<Session, ActivityKey>) -> Self {
        Self {
            items: page.items.iter().map(SessionView::from).collect(),
            next_cursor: page.next.as_ref().map(encode_activity),
        }
    }
}

/// That somebody is in a session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Membership)]
pub struct MembershipView<'a> {
    /// Where.
    pub session_id: Uuid,
    /// Who.
    pub user: UserView<'a>,
    /// As what.
    pub role: RoleView,
    /// Since when.
    pub joined_at: Time,
}

impl<'a> From<&'a Membership> for MembershipView<'a> {
    fn from(membership: &'a Membership) -> Self {
        Self {
            session_id: membership.session_id.0,
            user: UserView::of(&membership.user),
            role: membership.role.into(),
            joined_at: membership.joined_at.into(),
        }
    }
}

/// A page of a session's members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MembershipPage)]
pub struct MembershipPageView<'a> {
    /// The members, by the time of their coming.
    pub items: Vec<MembershipView<'a>>,
    /// Where the next page starts; `null` at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<'a> From<&'a Page<Membership, MemberKey>> for MembershipPageView<'a> {
    fn from(page: &'a Page<Membership, MemberKey>) -> Self {
        Self {
            items: page.items.iter().map(MembershipView::from).collect(),
            next_cursor: page.next.as_ref().map(encode_member),
        }
    }
}

/// What `member:remove` carries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MemberRemoved)]
pub struct MemberRemovedView {
    /// Where.
    pub session_id: Uuid,
    /// Who is no longer in.
    pub user_id: Uuid,
}

/// What `session:delete` carries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SessionDeleted)]
pub struct SessionDeletedView {
    /// Which.
    pub session_id: Uuid,
}
