//! Signing up and in, and one's profile.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use rondo_domain::{
    account::{Email, ProfileChange, Registration},
    invalid::Check,
    limits::{Key, Rule},
};
use rondo_wire::body;

use super::input::settable;
use crate::{
    fault::Outcome,
    object::{AuthTokens, User},
    once::once,
    visit::Visit,
};

/// A new account.
#[derive(InputObject)]
struct RegisterInput {
    /// The address to sign in with; compared without case.
    email: String,
    /// 10 characters to 72 bytes.
    #[graphql(secret)]
    password: String,
    /// The name that others see, 1 to 100 characters.
    display_name: String,
}

/// Signing in.
#[derive(InputObject)]
struct LoginInput {
    /// The address of the account.
    email: String,
    /// Its password.
    #[graphql(secret)]
    password: String,
    /// Whether the refresh token shall be given, too, for clients that keep no cookies.
    #[graphql(default = false)]
    include_refresh_token: bool,
}

/// A change of one's profile: what is left out stays, `null` empties.
#[derive(InputObject)]
struct UpdateMeInput {
    /// The name that others see, 1 to 100 characters; cannot be emptied.
    display_name: MaybeUndefined<String>,
    /// An http or https address of a picture.
    avatar_url: MaybeUndefined<String>,
    /// At most 500 characters.
    bio: MaybeUndefined<String>,
}

#[derive(Default)]
pub(super) struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Makes an account and signs it in. Over HTTP the refresh token is set as a cookie.
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new account.")] input: RegisterInput,
    ) -> Outcome<Option<AuthTokens>> {
        let visit = Visit::of(ctx);
        visit.take_by_address(Rule::Register).await?;
        let RegisterInput { email, password, display_name } = input;
        let registration = Registration::try_from(body::Register { email, password, display_name })?;
        let grant = visit.services.accounts.register(registration, visit.origin()).await?;
        let tokens = AuthTokens::of(&grant, false);
        visit.keep(grant);
        Ok(Some(tokens))
    }

    /// Signs in. Over HTTP the refresh token is set as a cookie. Wrong credentials are answered alike, whether the address
    /// has an account or not.
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: LoginInput,
    ) -> Outcome<Option<AuthTokens>> {
        let visit = Visit::of(ctx);
        visit.take_by_address(Rule::LoginByAddress).await?;
        // Before the password is looked at: a flood of attempts must not keep the hashing from others.
        if let Ok(email) = Email::parse(&input.email) {
            visit.take(Rule::LoginByAccount, Key::Email(email.as_str())).await?;
        }
        let LoginInput { email, password, include_refresh_token } = input;
        let credentials = rondo_domain::account::Credentials { email, password };
        let grant = visit.services.accounts.login(credentials, visit.origin()).await?;
        let tokens = AuthTokens::of(&grant, include_refresh_token);
        visit.keep(grant);
        Ok(Some(tokens))
    }

    /// Changes one's profile.
    async fn update_me(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateMeInput,
    ) -> Outcome<Option<User>> {
        let visit = Visit::of(ctx);
        let actor = visit.actor_under(Rule::Write).await?;
        let mut check = Check::default();
        let display_name = settable(&mut check, "displayName", input.display_name);
        check.passed()?;
        let (avatar_url, bio) = (input.avatar_url.into(), input.bio.into());
        let change = ProfileChange::try_from(body::UpdateMe { display_name, avatar_url, bio })?;
        once(ctx, &actor, |guard| visit.services.accounts.update_me(&actor, change, guard)).await.map(Some)
    }
}
