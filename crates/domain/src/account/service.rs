//! Signing up, in and out, and the rotation of refresh tokens.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{
    AccountError, Actor, Credentials, Email, Login, LoginOrigin, NameKey, NewPassword, PasswordHash, ProfileChange,
    RefreshToken, Registration, TokenDigest, User,
    ports::{AccessTokens, LoginStatus, PasswordHasher, RefreshSecrets},
};
use crate::{
    clock::{Clock, Timestamp},
    idempotency::Guard,
    ids::{LoginId, UserId},
    invalid::Invalid,
    invitation::tell_invited,
    page::{Limit, Page},
    store::{Store, UnitOfWork},
};

/// How long a spent refresh token is answered again while its successor is unused: a lost answer, two tabs.
const REFRESH_GRACE: Duration = Duration::from_secs(30);

/// How long tokens live.
#[derive(Clone, Copy, Debug)]
pub struct AccountSettings {
    /// Life of an access token.
    pub access_ttl: Duration,
    /// Life of a refresh token, counted anew at every rotation.
    pub refresh_ttl: Duration,
}

/// What a successful sign-in or refresh hands out.
#[derive(Clone)]
pub struct Grant {
    /// The signed access token.
    pub access_token: String,
    /// How long it lives.
    pub expires_in: Duration,
    /// The opaque refresh token; shown once, stored only as a digest.
    pub refresh_token: String,
    /// How long that one lives.
    pub refresh_expires_in: Duration,
    /// Whose they are.
    pub user: User,
}

/// A login as its owner sees it.
#[derive(Clone, Debug)]
pub struct LoginSeen {
    /// The login.
    pub login: Login,
    /// When it was last used to get a token.
    pub last_used_at: Timestamp,
    /// Whether it is the one by which the actor came.
    pub current: bool,
}

/// The accounts.
pub struct Accounts {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    hasher: Arc<dyn PasswordHasher>,
    tokens: Arc<dyn AccessTokens>,
    secrets: Arc<dyn RefreshSecrets>,
    logins: Arc<dyn LoginStatus>,
    public: HashMap<UserId, PasswordHash>,
    settings: AccountSettings,
}

/// The parts that [`Accounts`] stands on.
pub struct AccountParts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Password hashing.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Access tokens.
    pub tokens: Arc<dyn AccessTokens>,
    /// Refresh tokens.
    pub secrets: Arc<dyn RefreshSecrets>,
    /// Which logins are in force.
    pub logins: Arc<dyn LoginStatus>,
    /// Passwords that everybody knows and that must open nothing here, by the account that they were made for. Another
    /// password makes such an account one like any other.
    pub public: HashMap<UserId, PasswordHash>,
    /// How long tokens live.
    pub settings: AccountSettings,
}

impl Accounts {
    /// Puts the service together.
    #[must_use]
    pub fn new(parts: AccountParts) -> Self {
        let AccountParts { store, clock, hasher, tokens, secrets, logins, public, settings } = parts;
        Self { store, clock, hasher, tokens, secrets, logins, public, settings }
    }

    /// Makes an account and signs it in.
    ///
    /// # Errors
    /// [`AccountError::EmailTaken`], [`AccountError::Busy`], or the store's.
    pub async fn register(&self, registration: Registration, origin: LoginOrigin) -> Result<Grant, AccountError> {
        let hash = self.hasher.hash(&registration.password).await?;
        let now = self.clock.now();
        let user = User {
            id: UserId::generate(),
            email: registration.email.as_str().to_owned(),
            display_name: registration.display_name.as_str().to_owned(),
            avatar_url: None,
            bio: None,
            created_at: now,
        };
        let mut tx = self.store.begin().await?;
        tx.insert_user(&user, Some(&hash)).await?;
        for invitation in tx.pending_invitations(&user.email, now).await? {
            tell_invited(&mut *tx, &user, &invitation, now).await?; // they waited for this address
        }
        let grant = self.sign_in(&mut *tx, user, origin, now).await?;
        tx.commit().await?;
        Ok(grant)
    }

    /// Signs in with e-mail and password. An unknown address, and a password that must open nothing, cost the same time
    /// as a wrong password.
    ///
    /// # Errors
    /// [`AccountError::InvalidCredentials`], [`AccountError::Busy`], or the store's.
    pub async fn login(&self, credentials: Credentials, origin: LoginOrigin) -> Result<Grant, AccountError> {
        let known = match Email::parse(&credentials.email) {
            Ok(email) => self.store.credentials(email.as_str()).await?,
            Err(_) => None,
        };
        let (user, hash) = known.map_or((None, None), |(user, hash)| (Some(user), hash));
        let right = self.hasher.verify(&credentials.password, hash.as_ref()).await?;
        let (user, hash) = user.zip(hash).filter(|_| right).ok_or(AccountError::InvalidCredentials)?;
        if self.public.get(&user.id) == Some(&hash) {
            return Err(AccountError::InvalidCredentials);
        }
        let mut tx = self.store.begin().await?;
        // The password may have been changed while it was checked; that change ends every login, this one too.
        if !tx.password_stands(user.id, &hash).await? {
            return Err(AccountError::InvalidCredentials);
        }
        let grant = self.sign_in(&mut *tx, user, origin, self.clock.now()).await?;
        tx.commit().await?;
        Ok(grant)
    }

    /// Spends a refresh token for the next pair.
    ///
    /// Within 30 s of its first use, and while its successor is unused, a spent token is answered again: the new
    /// successor takes the place of the one before. Any other use of a spent token is taken for theft and revokes the
    /// whole family (RFC 9700, 4.14.2).
    ///
    /// # Errors
    /// [`AccountError::Unauthenticated`], [`AccountError::TokenReused`], or the store's.
    pub async fn refresh(&self, token: &str) -> Result<Grant, AccountError> {
        let now = self.clock.now();
        let digest = self.secrets.digest(token);
        let mut tx = self.store.begin().await?;
        let (login, spent) = tx.lock_refresh_token(&digest).await?.ok_or(AccountError::Unauthenticated)?;
        if login.revoked_at.is_some() || spent.voided_at.is_some() || spent.expires_at <= now {
            return Err(AccountError::Unauthenticated);
        }
        if let Some(public) = self.public.get(&login.user_id)
            && tx.password_stands(login.user_id, public).await?
        {
            return Err(AccountError::Unauthenticated);
        }
        if let Some(spent_at) = spent.spent_at {
            let successor = tx.successor(&digest).await?;
            let in_grace = now < spent_at + REFRESH_GRACE;
            let Some(unused) = successor.filter(|successor| in_grace && successor.spent_at.is_none()) else {
                tx.revoke_login(login.id, now).await?;
                tx.commit().await?;
                self.logins.revoked(login.user_id, login.id).await;
                return Err(AccountError::TokenReused);
            };
            tx.void(&unused.digest, now).await?;
        } else {
            tx.spend(&digest, now).await?;
        }
        tx.touch_login(login.id, now).await?;
        let tokens = self.issue(&mut *tx, login.user_id, login.id, Some(digest), now).await?;
        tx.commit().await?;
        // Outside the transaction, which holds a connection already. Should it fail, the spent token is answered again.
        let user = self.store.user(login.user_id).await?.ok_or(AccountError::Unauthenticated)?;
        Ok(self.grant(tokens, user))
    }

    /// Ends the login to which a refresh token belongs; without effect when there is none.
    ///
    /// # Errors
    /// The store's.
    pub async fn logout_by_refresh_token(&self, token: &str) -> Result<(), AccountError> {
        let mut tx = self.store.begin().await?;
        if let Some((login, _)) = tx.lock_refresh_token(&self.secrets.digest(token)).await? {
            tx.revoke_login(login.id, self.clock.now()).await?;
            tx.commit().await?;
            self.logins.revoked(login.user_id, login.id).await;
        }
        Ok(())
    }

    /// Ends the login by which the actor came.
    ///
    /// # Errors
    /// The store's.
    pub async fn logout(&self, actor: &Actor) -> Result<(), AccountError> {
        let mut tx = self.store.begin().await?;
        tx.revoke_login(actor.login, self.clock.now()).await?;
        tx.commit().await?;
        self.logins.revoked(actor.user, actor.login).await;
        Ok(())
    }

    /// Who an access token speaks for, provided that its login is still in force.
    ///
    /// # Errors
    /// [`AccountError::Unauthenticated`], [`AccountError::TokenExpired`], or the store's.
    pub async fn authenticate(&self, access_token: &str) -> Result<Actor, AccountError> {
        let actor = self.tokens.verify(access_token, self.clock.now())?;
        if self.logins.is_live(actor.login).await? { Ok(actor) } else { Err(AccountError::Unauthenticated) }
    }

    /// As [`Accounts::authenticate`], where that can be told without waiting for anything.
    #[must_use]
    pub fn authenticate_at_once(&self, access_token: &str) -> Option<Result<Actor, AccountError>> {
        match self.tokens.verify(access_token, self.clock.now()) {
            Ok(actor) => {
                let live = self.logins.is_known_live(actor.login)?;
                Some(if live { Ok(actor) } else { Err(AccountError::Unauthenticated) })
            }
            Err(refusal) => Some(Err(refusal)),
        }
    }

    /// Whether an actor who was authenticated before may still act: neither has the token run out, nor was the login
    /// cut. Asked again at every event of a connection.
    ///
    /// # Errors
    /// As [`Accounts::authenticate`].
    pub async fn still_signed_in(&self, actor: &Actor) -> Result<(), AccountError> {
        if actor.expires_at <= self.clock.now() {
            return Err(AccountError::TokenExpired);
        }
        if self.logins.is_live(actor.login).await? { Ok(()) } else { Err(AccountError::Unauthenticated) }
    }

    /// The actor's own account.
    ///
    /// # Errors
    /// [`AccountError::Unauthenticated`] when it is gone, or the store's.
    pub async fn me(&self, actor: &Actor) -> Result<User, AccountError> {
        self.store.user(actor.user).await?.ok_or(AccountError::Unauthenticated)
    }

    /// The people behind these ids, for lists of who is present.
    ///
    /// # Errors
    /// The store's.
    pub async fn people(&self, ids: &[UserId]) -> Result<Vec<User>, AccountError> {
        Ok(if ids.is_empty() { Vec::new() } else { self.store.users(ids).await? })
    }

    /// Changes the actor's own profile.
    ///
    /// # Errors
    /// [`AccountError::Unauthenticated`] when the account is gone, or the store's.
    pub async fn update_me(
        &self,
        actor: &Actor,
        change: ProfileChange,
        guard: Option<Guard<User>>,
    ) -> Result<User, AccountError> {
        let mut tx = self.store.begin().await?;
        let user = tx.update_profile(actor.user, &change).await?.ok_or(AccountError::Unauthenticated)?;
        tx.remember(guard.map(|guard| guard.memo(&user))).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// People by a part of their name, without case, or by their exact e-mail address; all of them when nothing is
    /// looked for.
    ///
    /// # Errors
    /// The store's.
    pub async fn search(
        &self,
        query: Option<&str>,
        after: Option<&NameKey>,
        limit: Limit,
    ) -> Result<Page<User, NameKey>, AccountError> {
        let query = query.map(|query| query.trim().to_lowercase()).filter(|query| !query.is_empty());
        Ok(self.store.search(query.as_deref(), after, limit).await?)
    }

    /// Changes the actor's password and ends every other login.
    ///
    /// # Errors
    /// On `currentPassword` when it is wrong, [`AccountError::Busy`], or the store's.
    pub async fn change_password(&self, actor: &Actor, current: &str, new: NewPassword) -> Result<(), AccountError> {
        let present = self.store.password(actor.user).await?;
        if !self.hasher.verify(current, present.as_ref()).await? {
            return Err(Invalid::field("currentPassword", "wrong", "is not the current password").into());
        }
        let hash = self.hasher.hash(&new).await?;
        let mut tx = self.store.begin().await?;
        tx.set_password(actor.user, &hash).await?;
        let ended = tx.revoke_logins(actor.user, Some(actor.login), self.clock.now()).await?;
        tx.commit().await?;
        for login in ended {
            self.logins.revoked(actor.user, login).await;
        }
        Ok(())
    }

    /// Where the actor is signed in, the newest login first.
    ///
    /// # Errors
    /// The store's.
    pub async fn logins(
        &self,
        actor: &Actor,
        after: Option<LoginId>,
        limit: Limit,
    ) -> Result<Page<LoginSeen, LoginId>, AccountError> {
        let Page { items, next } = self.store.logins(actor.user, self.clock.now(), after, limit).await?;
        let seen = |(login, last_used_at): (Login, Timestamp)| LoginSeen {
            current: login.id == actor.login,
            login,
            last_used_at,
        };
        Ok(Page { items: items.into_iter().map(seen).collect(), next })
    }

    /// Ends one of the actor's logins.
    ///
    /// # Errors
    /// [`AccountError::UnknownLogin`], or the store's.
    pub async fn end_login(&self, actor: &Actor, login: LoginId) -> Result<(), AccountError> {
        let now = self.clock.now();
        if !self.store.has_login(actor.user, login, now).await? {
            return Err(AccountError::UnknownLogin);
        }
        let mut tx = self.store.begin().await?;
        tx.revoke_login(login, now).await?;
        tx.commit().await?;
        self.logins.revoked(actor.user, login).await;
        Ok(())
    }

    async fn sign_in(
        &self,
        tx: &mut dyn UnitOfWork,
        user: User,
        origin: LoginOrigin,
        now: Timestamp,
    ) -> Result<Grant, AccountError> {
        let login = Login { id: LoginId::generate(), user_id: user.id, origin, created_at: now, revoked_at: None };
        tx.insert_login(&login).await?;
        let tokens = self.issue(tx, user.id, login.id, None, now).await?;
        Ok(self.grant(tokens, user))
    }

    /// Writes the next refresh token of a login and signs an access token.
    async fn issue(
        &self,
        tx: &mut dyn UnitOfWork,
        user: UserId,
        login: LoginId,
        parent: Option<TokenDigest>,
        now: Timestamp,
    ) -> Result<Tokens, AccountError> {
        let AccountSettings { access_ttl, refresh_ttl } = self.settings;
        let refresh = self.secrets.generate()?;
        tx.insert_refresh_token(&RefreshToken {
            digest: self.secrets.digest(&refresh),
            login_id: login,
            parent,
            created_at: now,
            expires_at: now + refresh_ttl,
            spent_at: None,
            voided_at: None,
        })
        .await?;
        let access = self.tokens.issue(&Actor { user, login, expires_at: now + access_ttl }, now)?;
        Ok(Tokens { access, refresh })
    }

    fn grant(&self, Tokens { access, refresh }: Tokens, user: User) -> Grant {
        Grant {
            access_token: access,
            expires_in: self.settings.access_ttl,
            refresh_token: refresh,
            refresh_expires_in: self.settings.refresh_ttl,
            user,
        }
    }
}

/// A pair of tokens, fresh.
struct Tokens {
    access: String,
    refresh: String,
}
