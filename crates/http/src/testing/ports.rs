//! What the services need besides a store.

use async_trait::async_trait;
use rondo_domain::{
    LoginId, SessionId, Timestamp, UserId,
    account::{
        AccountError, Actor, NewPassword, PasswordHash, TokenDigest,
        ports::{AccessTokens, LoginStatus, PasswordHasher, RefreshSecrets},
    },
    bus::{Bus, Signal, Topic},
    message::{MessageError, NewMessage},
    page::Limit,
    presence::{ConnectionId, Entered, Gone, PresenceBook, Present, Roll, RollKey},
    store::{MessageWriter, Posted, StoreError},
};

/// The access token that is good.
pub(crate) const GOOD_TOKEN: &str = "good";
/// The access token that has run out.
pub(crate) const EXPIRED_TOKEN: &str = "expired";

/// Everything besides a store; it knows one person.
pub(super) struct Fakes(pub(super) UserId);

#[async_trait]
impl Bus for Fakes {
    fn publish(&self, _: Signal) {}

    async fn listen(&self, _: &[Topic]) {}

    fn leave(&self, _: Topic) {}
}

#[async_trait]
impl MessageWriter for Fakes {
    async fn post(&self, _: NewMessage) -> Result<Posted, MessageError> {
        Err(MessageError::Busy)
    }
}

#[async_trait]
impl PresenceBook for Fakes {
    async fn enter(
        &self,
        _: SessionId,
        _: ConnectionId,
        user: UserId,
        since: Timestamp,
    ) -> Result<Entered, StoreError> {
        Ok(Entered { present: Present { user, connections: 1, since }, first: true, count: 1 })
    }
    async fn exit(&self, _: SessionId, _: ConnectionId) -> Result<Option<Gone>, StoreError> {
        Ok(None)
    }
    async fn roll(&self, _: SessionId, _: Option<RollKey>, _: Limit) -> Result<Roll, StoreError> {
        Ok(Roll::default())
    }
}

#[async_trait]
impl PasswordHasher for Fakes {
    async fn hash(&self, _: &NewPassword) -> Result<PasswordHash, AccountError> {
        Ok(PasswordHash(String::new()))
    }
    async fn verify(&self, _: &str, _: Option<&PasswordHash>) -> Result<bool, AccountError> {
        Ok(false)
    }
}

impl AccessTokens for Fakes {
    fn issue(&self, _: &Actor, _: Timestamp) -> Result<String, AccountError> {
        Ok(GOOD_TOKEN.to_owned())
    }
    fn verify(&self, token: &str, now: Timestamp) -> Result<Actor, AccountError> {
        match token {
            GOOD_TOKEN => Ok(Actor { user: self.0, login: LoginId::generate(), expires_at: now }),
            EXPIRED_TOKEN => Err(AccountError::TokenExpired),
            _ => Err(AccountError::Unauthenticated),
        }
    }
}

impl RefreshSecrets for Fakes {
    fn generate(&self) -> Result<String, AccountError> {
        Ok("secret".to_owned())
    }
    fn digest(&self, _: &str) -> TokenDigest {
        [0; 32]
    }
}

#[async_trait]
impl LoginStatus for Fakes {
    async fn is_live(&self, _: LoginId) -> Result<bool, StoreError> {
        Ok(true)
    }
    async fn revoked(&self, _: UserId, _: LoginId) {}
}
