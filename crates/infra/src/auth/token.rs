//! Access tokens: JWT, signed with HS256 and nothing else. Time is the caller's, not the machine's.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use rondo_domain::{
    Timestamp,
    account::{AccountError, Actor, ports::AccessTokens},
    ids::{LoginId, UserId},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::verified::Verified;

/// Who signs, and for whom.
const RONDO: &str = "rondo";
/// Ours have some 300 bytes; what is longer is not worth a look.
const LONGEST: usize = 2_048;

/// Signs and reads access tokens.
pub struct JwtTokens {
    signing: EncodingKey,
    reading: DecodingKey,
    rules: Validation,
    verified: Verified,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: LoginId,
    iat: i64,
    exp: i64,
}

impl JwtTokens {
    /// Takes the key as it stands: its bytes are the HS256 key.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        let key = secret.expose_secret().as_bytes();
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[RONDO]);
        rules.set_audience(&[RONDO]);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        rules.validate_exp = false; // judged in `verify`, by the caller's clock
        rules.leeway = 0;
        Self {
            signing: EncodingKey::from_secret(key),
            reading: DecodingKey::from_secret(key),
            rules,
            verified: Verified::new(),
        }
    }
}

impl JwtTokens {
    /// Who a token speaks for, or spoke for until it ran out.
    fn read(&self, token: &str) -> Result<Actor, AccountError> {
        let read = decode::<Claims>(token, &self.reading, &self.rules).map_err(|_| AccountError::Unauthenticated)?;
        let Claims { sub, sid, exp, .. } = read.claims;
        let expires_at = Timestamp::from_timestamp(exp, 0).ok_or(AccountError::Unauthenticated)?;
        Ok(Actor { user: sub, login: sid, expires_at })
    }
}

impl AccessTokens for JwtTokens {
    fn issue(&self, actor: &Actor, issued_at: Timestamp) -> Result<String, AccountError> {
        let begun = i64::from(actor.expires_at.timestamp_subsec_nanos() > 0);
        let claims = Claims {
            iss: RONDO.to_owned(),
            aud: RONDO.to_owned(),
            sub: actor.user,
            sid: actor.login,
            iat: issued_at.timestamp(),
            exp: actor.expires_at.timestamp() + begun, // whole seconds; a begun one counts, so nobody gets less than promised
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|error| AccountError::Internal(format!("a token could not be signed: {error}")))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<Actor, AccountError> {
        if token.len() > LONGEST {
            return Err(AccountError::Unauthenticated);
        }
        let digest = self.verified.digest(token).ok_or(AccountError::Unauthenticated)?;
        let known = self.verified.find(digest);
        let actor = known.map_or_else(|| self.read(token), Ok)?;
        if actor.expires_at <= now {
            return Err(AccountError::TokenExpired);
        }
        if known.is_none() {
            self.verified.keep(digest, actor, now);
        }
        Ok(actor)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use rondo_domain::account::ports::RefreshSecrets;

    use super::*;
    use crate::auth::RandomSecrets;

    fn tokens(secret: &str) -> JwtTokens {
        JwtTokens::new(&SecretString::from(secret))
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(millis).unwrap()
    }

    fn ada() -> Actor {
        Actor { user: UserId::generate(), login: LoginId::generate(), expires_at: at(1_900_500) }
    }

    fn refused(outcome: &Result<Actor, AccountError>) -> bool {
        matches!(outcome, Err(AccountError::Unauthenticated))
    }

    const KEY: &str = "a key of at least thirty-two bytes";

    #[test]
    fn a_token_speaks_for_its_actor_until_it_runs_out_and_not_a_second_longer() {
        let (tokens, ada) = (tokens(KEY), ada());
        let token = tokens.issue(&ada, at(1_000_500)).unwrap();
        let read = tokens.verify(&token, at(1_900_499)).unwrap();
        assert_eq!((read.user, read.login), (ada.user, ada.login));
        assert_eq!(read.expires_at, at(1_901_000));
        assert!(tokens.verify(&token, at(1_900_999)).is_ok());
        assert!(matches!(tokens.verify(&token, at(1_901_000)), Err(AccountError::TokenExpired)));
    }

    #[test]
    fn a_tampered_token_a_foreign_key_and_no_algorithm_prove_nothing() {
        let (ours, ada) = (tokens(KEY), ada());
        let token = ours.issue(&ada, at(0)).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let foreign = tokens("another key of thirty-two bytes!!").issue(&ada, at(0)).unwrap();
        let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#), parts[1]);
        let unsigned_with_signature =
            format!("{}.{}.{}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#), parts[1], parts[2]);
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        let longer = claims.replace("1901", "9901");
        assert_ne!(claims, longer);
        let tampered = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(longer), parts[2]);
        let cut = &token[..token.len() - 1];
        let endless = format!("{token}{}", "x".repeat(LONGEST));
        for bad in [&foreign, &unsigned, &unsigned_with_signature, &tampered, cut, &endless, "", "..", "a.b.c"] {
            assert!(refused(&ours.verify(bad, at(0))), "{bad}");
        }
    }

    #[test]
    fn another_algorithm_issuer_or_audience_proves_nothing() {
        let (ours, ada) = (tokens(KEY), ada());
        let claims = |iss: &str, aud: &str| Claims {
            iss: iss.to_owned(),
            aud: aud.to_owned(),
            sub: ada.user,
            sid: ada.login,
            iat: 0,
            exp: 2_000,
        };
        let sign = |algorithm, claims: &Claims| encode(&Header::new(algorithm), claims, &ours.signing).unwrap();
        assert!(ours.verify(&sign(Algorithm::HS256, &claims(RONDO, RONDO)), at(0)).is_ok());
        assert!(refused(&ours.verify(&sign(Algorithm::HS512, &claims(RONDO, RONDO)), at(0))));
        assert!(refused(&ours.verify(&sign(Algorithm::HS256, &claims("other", RONDO)), at(0))));
        assert!(refused(&ours.verify(&sign(Algorithm::HS256, &claims(RONDO, "other")), at(0))));
    }

    #[test]
    fn every_claim_is_needed() {
        let (ours, ada) = (tokens(KEY), ada());
        let whole = serde_json::json!({
            "iss": RONDO, "aud": RONDO, "sub": ada.user, "sid": ada.login, "iat": 0, "exp": 2_000,
        });
        let sign = |claims: &serde_json::Value| encode(&Header::new(Algorithm::HS256), claims, &ours.signing).unwrap();
        assert!(ours.verify(&sign(&whole), at(0)).is_ok());
        for claim in ["iss", "aud", "sub", "sid", "iat", "exp"] {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(claim);
            assert!(refused(&ours.verify(&sign(&less), at(0))), "without {claim}");
        }
    }

    #[test]
    fn a_token_that_was_seen_before_is_judged_alike() {
        let (ours, ada) = (tokens(KEY), ada());
        let token = ours.issue(&ada, at(0)).unwrap();
        for _ in 0..2 {
            assert_eq!(ours.verify(&token, at(1_900_499)).unwrap().user, ada.user);
        }
        for _ in 0..2 {
            assert!(matches!(ours.verify(&token, at(1_901_000)), Err(AccountError::TokenExpired)));
        }
        let (claims, _) = token.rsplit_once('.').unwrap();
        assert!(refused(&ours.verify(&format!("{claims}.{}", "A".repeat(43)), at(0))));
    }

    #[test]
    fn a_refresh_token_is_no_access_token() {
        assert!(refused(&tokens(KEY).verify(&RandomSecrets.generate().unwrap(), at(0))));
    }

    #[test]
    fn only_a_token_that_is_otherwise_good_is_told_to_have_run_out() {
        let token = tokens("another key of thirty-two bytes!!").issue(&ada(), at(0)).unwrap();
        assert!(refused(&tokens(KEY).verify(&token, at(9_000_000))));
    }
}
