//! People and their tokens.

use async_graphql::SimpleObject;
use rondo_domain::account::{Grant, User as Person};
use serde::Deserialize;

use crate::{
    connection::connection,
    scalar::{DateTime, Id},
};

/// A person.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    /// Who.
    id: Id,
    /// The name that others see.
    display_name: String,
    /// A picture.
    avatar_url: Option<String>,
    /// What they say of themselves.
    bio: Option<String>,
    /// Since when.
    created_at: DateTime,
    /// The address; only of oneself.
    #[serde(default)]
    email: Option<String>,
}

impl From<&Person> for User {
    /// As others see them.
    fn from(person: &Person) -> Self {
        Self {
            id: Id(person.id.0),
            display_name: person.display_name.clone(),
            avatar_url: person.avatar_url.clone(),
            bio: person.bio.clone(),
            created_at: person.created_at.into(),
            email: None,
        }
    }
}

impl User {
    /// As they see themselves.
    pub(crate) fn own(person: &Person) -> Self {
        Self { email: Some(person.email.clone()), ..Self::from(person) }
    }
}

connection! {
    /// A page of people, by name.
    UserConnection, UserEdge of User {}
}

/// What a sign-in hands out. Over HTTP the refresh token is set as a cookie, too.
#[derive(SimpleObject)]
pub(crate) struct AuthTokens {
    /// A JWT; send it as `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Life of the access token, in seconds.
    expires_in: u64,
    /// Whose it is.
    user: User,
    /// The refresh token, for clients that asked for it; the others have it as a cookie.
    refresh_token: Option<String>,
}

impl AuthTokens {
    /// The tokens of a grant, with the refresh token or not.
    pub(crate) fn of(grant: &Grant, include_refresh_token: bool) -> Self {
        Self {
            access_token: grant.access_token.clone(),
            token_type: "Bearer",
            expires_in: grant.expires_in.as_secs(),
            user: User::own(&grant.user),
            refresh_token: include_refresh_token.then(|| grant.refresh_token.clone()),
        }
    }
}
