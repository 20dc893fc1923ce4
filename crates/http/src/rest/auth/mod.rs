//! `/api/auth`: signing up, in, on and out.

pub(super) mod login;
pub(super) mod logins;
pub(super) mod logout;
pub(super) mod password;
pub(super) mod refresh;
pub(super) mod register;
#[cfg(test)]
mod tests;
