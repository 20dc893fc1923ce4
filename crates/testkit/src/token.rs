//! Access tokens, true and false ones.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rondo_domain::{
    Timestamp,
    account::{Actor, ports::AccessTokens as _},
};
use rondo_infra::auth::JwtTokens;
use serde_json::Value;

/// The key with which the servers of the tests sign.
pub const JWT_SECRET: &str = "the tests' own key, which is long enough";

/// What a token claims, unverified.
#[must_use]
#[track_caller]
pub fn decoded(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("claims are JSON")
}

/// The same claims, signed with another key.
#[must_use]
#[track_caller]
pub fn forged(token: &str, key: &str) -> String {
    let claims = decoded(token);
    let text = |name: &str| claims[name].as_str().expect("an id");
    let at = |name: &str| Timestamp::from_timestamp(claims[name].as_i64().expect("a moment"), 0).expect("a moment");
    let (user, login) = (text("sub").parse().expect("a UUID"), text("sid").parse().expect("a UUID"));
    let actor = Actor { user, login, expires_at: at("exp") };
    let tokens = JwtTokens::new(&key.to_owned().into());
    tokens.issue(&actor, at("iat")).expect("a token")
}

/// The same claims, signed with nothing: `alg: none`.
#[must_use]
#[track_caller]
pub fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).expect("a token has three parts");
    format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#))
}
