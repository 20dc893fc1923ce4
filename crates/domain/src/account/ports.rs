//! What accounts need from outside: rows, hashes, tokens and randomness.

use async_trait::async_trait;

use super::{
    AccountError, Actor, Login, NameKey, NewPassword, PasswordHash, ProfileChange, RefreshToken, TokenDigest, User,
};
use crate::{
    clock::Timestamp,
    ids::{LoginId, UserId},
    page::{Limit, Page},
    store::StoreError,
};

/// Reads of accounts.
#[async_trait]
pub trait AccountReads: Send + Sync {
    /// A person by id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Those of `ids` that exist, in no particular order.
    async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError>;

    /// A person by address, with their password's hash; `None` inside when they cannot sign in with one.
    async fn credentials(&self, email: &str) -> Result<Option<(User, Option<PasswordHash>)>, StoreError>;

    /// Whether anybody has an account.
    async fn has_users(&self) -> Result<bool, StoreError>;

    /// The password's hash of a person; `None` when they cannot sign in with one.
    async fn password(&self, user: UserId) -> Result<Option<PasswordHash>, StoreError>;

    /// People whose name holds `query` (in lower case), or whose address is exactly it, by name.
    async fn search(
        &self,
        query: Option<&str>,
        after: Option<&NameKey>,
        limit: Limit,
    ) -> Result<Page<User, NameKey>, StoreError>;

    /// A person's logins that are in force, the newest first, with the time of their last refresh.
    async fn logins(
        &self,
        user: UserId,
        now: Timestamp,
        after: Option<LoginId>,
        limit: Limit,
    ) -> Result<Page<(Login, Timestamp), LoginId>, StoreError>;

    /// Whether a login is one of this person's that are in force.
    async fn has_login(&self, user: UserId, login: LoginId, now: Timestamp) -> Result<bool, StoreError>;

    /// Whether a login exists and was not cut.
    async fn login_is_live(&self, login: LoginId) -> Result<bool, StoreError>;
}

/// Writes to accounts, logins and refresh tokens.
#[async_trait]
pub trait AccountWrites: Send {
    /// Writes a new account.
    ///
    /// # Errors
    /// [`crate::store::Conflict::Email`] when the address is taken.
    async fn insert_user(&mut self, user: &User, password: Option<&PasswordHash>) -> Result<(), StoreError>;

    /// Changes a profile and gives the person as they are now.
    async fn update_profile(&mut self, id: UserId, change: &ProfileChange) -> Result<Option<User>, StoreError>;

    /// Writes a new login.
    async fn insert_login(&mut self, login: &Login) -> Result<(), StoreError>;

    /// Locks the login to which a refresh token belongs, then reads the token.
    async fn lock_refresh_token(&mut self, digest: &TokenDigest) -> Result<Option<(Login, RefreshToken)>, StoreError>;

    /// The successor of a spent token that is in force: not voided.
    async fn successor(&mut self, parent: &TokenDigest) -> Result<Option<RefreshToken>, StoreError>;

    /// Writes a new refresh token.
    async fn insert_refresh_token(&mut self, token: &RefreshToken) -> Result<(), StoreError>;

    /// Notes when a token was first spent.
    async fn spend(&mut self, digest: &TokenDigest, at: Timestamp) -> Result<(), StoreError>;

    /// Puts a successor out of force.
    async fn void(&mut self, digest: &TokenDigest, at: Timestamp) -> Result<(), StoreError>;

    /// Cuts a login; without effect when it is cut already.
    async fn revoke_login(&mut self, login: LoginId, at: Timestamp) -> Result<(), StoreError>;

    /// Cuts every login of a person but `spared`, and gives those that it cut.
    async fn revoke_logins(
        &mut self,
        user: UserId,
        spared: Option<LoginId>,
        at: Timestamp,
    ) -> Result<Vec<LoginId>, StoreError>;

    /// Whether a person's password is still the one of this hash, and stays so until the end of the transaction.
    async fn password_stands(&mut self, user: UserId, hash: &PasswordHash) -> Result<bool, StoreError>;

    /// Gives a person another password.
    async fn set_password(&mut self, user: UserId, hash: &PasswordHash) -> Result<(), StoreError>;

    /// Notes that a login was used.
    async fn touch_login(&mut self, login: LoginId, at: Timestamp) -> Result<(), StoreError>;
}

/// Hashes and checks passwords on threads of its own, a bounded number at a time.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a new password.
    async fn hash(&self, password: &NewPassword) -> Result<PasswordHash, AccountError>;

    /// Checks a password; takes as long when there is no hash to check against (the answer is no).
    async fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, AccountError>;
}

/// Makes and reads access tokens.
pub trait AccessTokens: Send + Sync {
    /// A signed token for the actor, good until [`Actor::expires_at`].
    ///
    /// # Errors
    /// [`AccountError::Internal`] when it cannot be signed.
    fn issue(&self, actor: &Actor, issued_at: Timestamp) -> Result<String, AccountError>;

    /// Who a token speaks for.
    ///
    /// # Errors
    /// [`AccountError::TokenExpired`] when all but its time is right, else [`AccountError::Unauthenticated`].
    fn verify(&self, token: &str, now: Timestamp) -> Result<Actor, AccountError>;
}

/// Makes refresh tokens and digests those that come back.
pub trait RefreshSecrets: Send + Sync {
    /// A new opaque token of 256 random bits.
    ///
    /// # Errors
    /// [`AccountError::Internal`] when there is no randomness to be had.
    fn generate(&self) -> Result<String, AccountError>;

    /// What is stored of a token.
    fn digest(&self, token: &str) -> TokenDigest;
}

/// Whether logins are still in force: the cut of a login is known here within 5 s on every node.
#[async_trait]
pub trait LoginStatus: Send + Sync {
    /// Whether the login is in force.
    async fn is_live(&self, login: LoginId) -> Result<bool, StoreError>;

    /// As [`LoginStatus::is_live`], where that is known without asking anybody.
    fn is_known_live(&self, login: LoginId) -> Option<bool> {
        let _ = login;
        None
    }

    /// Takes note, at once on this node, that a login was cut; every other node is told.
    async fn revoked(&self, user: UserId, login: LoginId);
}
