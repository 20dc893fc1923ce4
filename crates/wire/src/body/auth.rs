//! Bodies of signing up, in and on.

use rondo_domain::{
    Invalid,
    account::{Credentials, DisplayName, Email, NewPassword, Registration},
    invalid::Check,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.org", "password": "correct horse battery", "displayName": "Ada"}))]
pub struct Register {
    /// The address to sign in with; compared without case.
    #[schema(format = Email, max_length = 254)]
    pub email: String,
    /// 10 characters to 72 bytes.
    #[schema(format = Password, min_length = 10, max_length = 72)]
    pub password: String,
    /// The name that others see, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub display_name: String,
}

impl TryFrom<Register> for Registration {
    type Error = Invalid;

    fn try_from(body: Register) -> Result<Self, Invalid> {
        let mut check = Check::default();
        let email = check.field("email", Email::parse(&body.email));
        let password = check.field("password", NewPassword::parse(body.password));
        let display_name = check.field("displayName", DisplayName::parse(&body.display_name));
        match (email, password, display_name) {
            (Some(email), Some(password), Some(display_name)) => Ok(Self { email, password, display_name }),
            _ => Err(check.failed()),
        }
    }
}

/// Signing in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "demo@rondo.dev", "password": "rondo-demo-2026"}))]
pub struct Login {
    /// The address of the account.
    #[schema(format = Email)]
    pub email: String,
    /// Its password.
    #[schema(format = Password)]
    pub password: String,
    /// Whether the refresh token shall stand in the answer's body too, for clients that keep no cookies.
    #[serde(default)]
    #[schema(default = false)]
    pub include_refresh_token: bool,
}

impl From<Login> for Credentials {
    fn from(body: Login) -> Self {
        Self { email: body.email, password: body.password }
    }
}

/// Refreshing, or signing out, without a cookie.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Refresh {
    /// The refresh token; without it the cookie counts.
    #[schema(format = Password)]
    pub refresh_token: Option<String>,
}

/// Another password; every other login ends.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"currentPassword": "correct horse battery", "newPassword": "battery horse correct"}))]
pub struct ChangePassword {
    /// The present password.
    #[schema(format = Password)]
    pub current_password: String,
    /// 10 characters to 72 bytes.
    #[schema(format = Password, min_length = 10, max_length = 72)]
    pub new_password: String,
}

impl ChangePassword {
    /// The present password as typed, and the new one.
    ///
    /// # Errors
    /// On `newPassword`.
    pub fn check(self) -> Result<(String, NewPassword), Invalid> {
        let mut check = Check::default();
        match check.field("newPassword", NewPassword::parse(self.new_password)) {
            Some(new) => Ok((self.current_password, new)),
            None => Err(check.failed()),
        }
    }
}
