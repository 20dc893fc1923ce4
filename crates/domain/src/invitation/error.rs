//! Why an invitation's operation was refused.

use thiserror::Error;

use super::Status;
use crate::{invalid::Invalid, session::SessionError, store::StoreError};

/// Why an invitation's operation was refused.
#[derive(Debug, Error)]
pub enum InvitationError {
    /// There is none, or it is not for this person to know.
    #[error("there is no such invitation")]
    Unknown,
    /// It does not wait for an answer any more.
    #[error("this invitation is {} already", .0.as_str())]
    Settled(Status),
    /// Whoever is invited is in already.
    #[error("this person is a member already")]
    Member,
    /// There is a pending invitation for this address.
    #[error("this address is invited already")]
    Invited,
    /// A field breaks a rule that only the store can judge.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The session said no.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for InvitationError {
    fn from(error: StoreError) -> Self {
        Self::Session(SessionError::Store(error))
    }
}
