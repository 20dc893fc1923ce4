//! Accounts: who somebody is, and the logins by which they prove it.

mod error;
mod model;
pub mod ports;
mod service;

pub use error::AccountError;
pub use model::{
    Actor, Credentials, DisplayName, Email, Login, LoginOrigin, NameKey, NewPassword, PasswordHash, ProfileChange,
    RefreshToken, Registration, TokenDigest, User, avatar_url, bio,
};
pub use service::{AccountParts, AccountSettings, Accounts, Grant, LoginSeen};
