//! Why a notification's operation was refused.

use thiserror::Error;

use crate::store::StoreError;

/// Why a notification's operation was refused.
#[derive(Debug, Error)]
pub enum NotificationError {
    /// There is none, or it is somebody else's.
    #[error("there is no such notification")]
    Unknown,
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
}
