//! Why a session's operation was refused.

use thiserror::Error;

use crate::{policy::Role, store::StoreError};

/// Why a session's operation was refused.
#[derive(Debug, Error)]
pub enum SessionError {
    /// There is none, or the person may not know of it.
    #[error("there is no such session")]
    Unknown,
    /// The session is public, and the person has not joined it.
    #[error("you must join this session first")]
    NotMember,
    /// The person who is meant is not a member.
    #[error("this person is not a member")]
    UnknownMember,
    /// The person's role does not suffice.
    #[error("a {} may not do this", .0.as_str())]
    Forbidden(Role),
    /// A session never loses its last owner.
    #[error("the last owner stays; hand the session on first, or delete it")]
    LastOwner,
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}
