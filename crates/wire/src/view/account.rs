//! People and their tokens.

use rondo_domain::{
    LoginId,
    account::{Grant, LoginSeen, NameKey, User},
    page::Page,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Time, encode_id, encode_name};

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User, example = json!({"id": "019c0e3a-5c00-7000-8000-000000000001", "displayName": "Ada", "avatarUrl": null, "bio": "Left-footed.", "createdAt": "2026-01-31T12:00:00.000Z", "email": "ada@example.org"}))]
pub struct UserView<'a> {
    /// Who.
    pub id: Uuid,
    /// The name that others see.
    pub display_name: &'a str,
    /// A picture.
    #[schema(required = true)]
    pub avatar_url: Option<&'a str>,
    /// What they say of themselves.
    #[schema(required = true)]
    pub bio: Option<&'a str>,
    /// Since when.
    pub created_at: Time,
    /// The address; only of oneself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<&'a str>,
}

impl<'a> UserView<'a> {
    /// As others see them.
    #[must_use]
    pub fn of(user: &'a User) -> Self {
        Self {
            id: user.id.0,
            display_name: &user.display_name,
            avatar_url: user.avatar_url.as_deref(),
            bio: user.bio.as_deref(),
            created_at: user.created_at.into(),
            email: None,
        }
    }

    /// As they see themselves.
    #[must_use]
    pub fn own(user: &'a User) -> Self {
        Self { email: Some(&user.email), ..Self::of(user) }
    }
}

/// What a sign-in or a refresh hands out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthTokens<'a> {
    /// A JWT; send it as `Authorization: Bearer …`.
    pub access_token: &'a str,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Life of the access token, in seconds.
    #[schema(example = 900)]
    pub expires_in: u64,
    /// Whose it is.
    pub user: UserView<'a>,
    /// The refresh token, for clients that asked for it; the others have it as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refresh_token: Option<&'a str>,
}

impl<'a> AuthTokens<'a> {
    /// The tokens of a grant, with the refresh token in the body or not.
    #[must_use]
    pub fn of(grant: &'a Grant, include_refresh_token: bool) -> Self {
        Self {
            access_token: &grant.access_token,
            token_type: "Bearer",
            expires_in: grant.expires_in.as_secs(),
            user: UserView::own(&grant.user),
            refresh_token: include_refresh_token.then_some(&grant.refresh_token),
        }
    }
}

/// Where somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActiveLogin)]
pub struct LoginView<'a> {
    /// Which: the `sid` of its access tokens.
    pub id: Uuid,
    /// The client's `User-Agent`.
    #[schema(required = true)]
    pub user_agent: Option<&'a str>,
    /// The client's address.
    #[schema(required = true)]
    pub address: Option<&'a str>,
    /// Since when.
    pub created_at: Time,
    /// When it last got a token.
    pub last_used_at: Time,
    /// Whether it is the one by which this request came.
    pub current: bool,
}

impl<'a> From<&'a LoginSeen> for LoginView<'a> {
    fn from(seen: &'a LoginSeen) -> Self {
        Self {
            id: seen.login.id.0,
            user_agent: seen.login.origin.user_agent.as_deref(),
            address: seen.login.origin.address.as_deref(),
            created_at: seen.login.created_at.into(),
            last_used_at: seen.last_used_at.into(),
            current: seen.current,
        }
    }
}

/// A page of one's logins that are in force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActiveLoginPage)]
pub struct LoginPageView<'a> {
    /// The logins, the newest first.
    pub items: Vec<LoginView<'a>>,
    /// Where the next page starts; `null` at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<'a> From<&'a Page<LoginSeen, LoginId>> for LoginPageView<'a> {
    fn from(page: &'a Page<LoginSeen, LoginId>) -> Self {
        let next_cursor = page.next.map(|id| encode_id(id.0));
        Self { items: page.items.iter().map(LoginView::from).collect(), next_cursor }
    }
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserPage)]
pub struct UserPageView<'a> {
    /// The people, by name.
    pub items: Vec<UserView<'a>>,
    /// Where the next page starts; `null` at the end.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<'a> From<&'a Page<User, NameKey>> for UserPageView<'a> {
    fn from(page: &'a Page<User, NameKey>) -> Self {
        Self { items: page.items.iter().map(UserView::of).collect(), next_cursor: page.next.as_ref().map(encode_name) }
    }
}
