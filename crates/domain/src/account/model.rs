//! The values of an account. Each parses into a type that cannot be wrong.

use crate::{
    clock::Timestamp,
    ids::{LoginId, UserId},
    invalid::Reason,
    text,
};

/// Who is calling: a person and the login by which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The person.
    pub user: UserId,
    /// Their login.
    pub login: LoginId,
    /// When the access token that they showed runs out.
    pub expires_at: Timestamp,
}

/// An e-mail address, trimmed and in lower case: addresses are compared without case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads an address: something, an `@`, and a host with a dot; at most 254 characters (RFC 5321, 4.5.3.1.3).
    /// Whether mail arrives there is not asked.
    ///
    /// # Errors
    /// `invalid_format`, `too_long`, `required`, `nul_character`.
    pub fn parse(raw: &str) -> Result<Self, Reason> {
        let address = text::trimmed(raw, 1, 254)?.to_lowercase();
        let well_formed = address.rsplit_once('@').is_some_and(|(local, host)| {
            !local.is_empty()
                && local.len() <= 64
                && !local.contains('@')
                && host.contains('.')
                && host.split('.').all(|label| !label.is_empty())
                && !address.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | '"'))
        });
        if well_formed { Ok(Self(address)) } else { Err(Reason::new("invalid_format", "must be an e-mail address")) }
    }

    /// The address in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name that others see, 1 to 100 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Reads a name.
    ///
    /// # Errors
    /// `required`, `too_long`, `nul_character`.
    pub fn parse(raw: &str) -> Result<Self, Reason> {
        text::trimmed(raw, 1, 100).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads what somebody says of themselves: at most 500 characters; blank is none.
///
/// # Errors
/// `too_long`, `nul_character`.
pub fn bio(raw: &str) -> Result<Option<String>, Reason> {
    text::trimmed(raw, 0, 500).map(|text| (!text.is_empty()).then_some(text))
}

/// Reads the address of a picture; blank is none.
///
/// # Errors
/// `invalid_format`, `too_long`, `nul_character`.
pub fn avatar_url(raw: &str) -> Result<Option<String>, Reason> {
    if raw.trim().is_empty() { Ok(None) } else { text::web_address(raw).map(Some) }
}

/// A password that somebody chooses: 10 characters to 72 bytes (what bcrypt reads), taken as it stands. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword(String);

impl NewPassword {
    /// Holds a wish against the limits.
    ///
    /// # Errors
    /// `too_short`, `too_long`, `nul_character`.
    pub fn parse(raw: String) -> Result<Self, Reason> {
        if raw.contains('\0') {
            return Err(Reason::new("nul_character", "must not contain a NUL character"));
        }
        if raw.chars().count() < 10 {
            return Err(Reason::new("too_short", "must have at least 10 characters"));
        }
        if raw.len() > 72 {
            return Err(Reason::new("too_long", "must have at most 72 bytes in UTF-8"));
        }
        Ok(Self(raw))
    }

    /// The secret itself, for the hasher.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// A password's hash in its modular crypt form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A person as others see them; `email` is for their own eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Their address in lower case.
    pub email: String,
    /// The name that others see.
    pub display_name: String,
    /// A picture.
    pub avatar_url: Option<String>,
    /// What they say of themselves.
    pub bio: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
}

/// What a new account needs.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The address to sign in with.
    pub email: Email,
    /// The password to sign in with.
    pub password: NewPassword,
    /// The name that others see.
    pub display_name: DisplayName,
}

/// What somebody signs in with. Not held against the rules for new ones: it is right or wrong, no more is said.
#[derive(Clone)]
pub struct Credentials {
    /// The address as typed.
    pub email: String,
    /// The password as typed.
    pub password: String,
}

/// What somebody changes of their profile; `None` leaves a field as it is, `Some(None)` empties it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The name that others see.
    pub display_name: Option<DisplayName>,
    /// A picture.
    pub avatar_url: Option<Option<String>>,
    /// What they say of themselves.
    pub bio: Option<Option<String>>,
}

/// Where a login came from, for the list of one's own logins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginOrigin {
    /// The client's `User-Agent`, cut to 400 characters.
    pub user_agent: Option<String>,
    /// The client's address.
    pub address: Option<String>,
}

/// One sign-in: the family of its refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The `sid` of its access tokens.
    pub id: LoginId,
    /// Whose.
    pub user_id: UserId,
    /// Where from.
    pub origin: LoginOrigin,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was cut, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// The key of a list of people: by name, then by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameKey {
    /// The lower-cased name of the last person of the page before.
    pub name: String,
    /// That person.
    pub id: UserId,
}

/// SHA-256 of a refresh token: all that is ever stored of one.
pub type TokenDigest = [u8; 32];

/// A refresh token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// What is kept of it.
    pub digest: TokenDigest,
    /// Its family.
    pub login_id: LoginId,
    /// The token that was spent for it; `None` for the first of a family.
    pub parent: Option<TokenDigest>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when it may be spent.
    pub expires_at: Timestamp,
    /// When it was first spent.
    pub spent_at: Option<Timestamp>,
    /// When a later successor of the same parent took its place.
    pub voided_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_case() {
        assert_eq!(Email::parse(" Ada@Example.ORG ").unwrap().as_str(), "ada@example.org");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for raw in ["", "ada", "@example.org", "ada@", "ada@host", "ada@example..org", "a b@example.org", "a@b@c.org"] {
            assert!(Email::parse(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn a_password_has_ten_characters_to_seventy_two_bytes() {
        let code = |raw: &str| NewPassword::parse(raw.to_owned()).map_err(|reason| reason.code);
        assert_eq!(code("123456789"), Err("too_short"));
        assert!(code("1234567890").is_ok());
        assert!(code(&"x".repeat(72)).is_ok());
        assert_eq!(code(&"x".repeat(73)), Err("too_long"));
        assert_eq!(code(&"ñ".repeat(37)), Err("too_long"));
        assert_eq!(code("12345\x0067890"), Err("nul_character"));
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let password = NewPassword::parse("correct horse".to_owned()).unwrap();
        assert!(!format!("{password:?}").contains("horse"));
        assert!(!format!("{:?}", PasswordHash("$2b$12$abc".to_owned())).contains("abc"));
    }
}
