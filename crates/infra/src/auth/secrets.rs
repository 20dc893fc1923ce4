//! Refresh tokens: 256 random bits that mean nothing, of which only a digest is stored.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rondo_domain::account::{AccountError, TokenDigest, ports::RefreshSecrets};

/// Draws refresh tokens from the system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomSecrets;

impl RefreshSecrets for RandomSecrets {
    fn generate(&self) -> Result<String, AccountError> {
        let mut secret = [0_u8; 32];
        rand::fill(&mut secret).map_err(|_| AccountError::Internal("there is no randomness to be had".to_owned()))?;
        Ok(URL_SAFE_NO_PAD.encode(secret))
    }

    fn digest(&self, token: &str) -> TokenDigest {
        let mut stored = TokenDigest::default();
        stored.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref()); // SHA-256 has 32 bytes, as `TokenDigest` has
        stored
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn tokens_have_256_bits_and_differ() {
        let (one, other) = (RandomSecrets.generate().unwrap(), RandomSecrets.generate().unwrap());
        assert_ne!(one, other);
        assert_eq!(URL_SAFE_NO_PAD.decode(&one).unwrap().len(), 32);
    }

    #[test]
    fn a_digest_is_sha_256() {
        let known = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="; // of "abc", FIPS 180-2, B.1
        assert_eq!(STANDARD.encode(RandomSecrets.digest("abc")), known);
    }
}
