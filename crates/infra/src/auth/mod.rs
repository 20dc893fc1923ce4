//! Passwords, tokens, and which logins are in force.

mod login_status;
mod password;
mod secrets;
mod token;
mod verified;

pub use login_status::CachedLoginStatus;
pub use password::BcryptHasher;
pub use secrets::RandomSecrets;
pub use token::JwtTokens;
