//! Why an account's operation was refused.

use thiserror::Error;

use crate::{invalid::Invalid, store::StoreError};

/// Why an account's operation was refused.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The e-mail or the password is wrong; which one is not told.
    #[error("the e-mail or the password is wrong")]
    InvalidCredentials,
    /// No token, or one that proves nothing: malformed, foreign, spent, or of a login that was cut.
    #[error("a valid token is needed")]
    Unauthenticated,
    /// The access token was good, and has run out.
    #[error("the access token has run out")]
    TokenExpired,
    /// A spent refresh token came back; its whole family is revoked now.
    #[error("this refresh token was used before; the login was ended")]
    TokenReused,
    /// The address has an account already.
    #[error("this e-mail address has an account already")]
    EmailTaken,
    /// There is no such login of this person.
    #[error("there is no such login")]
    UnknownLogin,
    /// A field breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Too many passwords are being checked already.
    #[error("too many passwords are being checked at the moment")]
    Busy,
    /// A part of ours failed; never shown outside.
    #[error("{0}")]
    Internal(String),
    /// The store said no.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(crate::store::Conflict::Email) => Self::EmailTaken,
            other => Self::Store(other),
        }
    }
}
