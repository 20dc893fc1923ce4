//! Why a message's operation was refused.

use thiserror::Error;

use crate::{invalid::Invalid, session::SessionError, store::StoreError};

/// Why a message's operation was refused.
#[derive(Debug, Error)]
pub enum MessageError {
    /// There is none, or it is not for this person to know.
    #[error("there is no such message")]
    Unknown,
    /// Nobody edits another's message.
    #[error("only its author edits a message")]
    NotAuthor,
    /// It was deleted.
    #[error("this message was deleted")]
    Deleted,
    /// The session said no.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A field breaks a rule that only the store can judge.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The writer's queue is full, or the server is stopping: nothing was written, try again shortly.
    #[error("the server is busy; nothing was written")]
    Busy,
}

impl From<StoreError> for MessageError {
    fn from(error: StoreError) -> Self {
        Self::Session(SessionError::Store(error))
    }
}
