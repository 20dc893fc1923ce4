//! What clients hand back as they got it, or should: cursors, tokens, mentions, and the frames of other nodes.

use std::sync::OnceLock;

use chrono::DateTime;
use rondo_domain::{
    LoginId, Timestamp, UserId,
    account::{Actor, ports::AccessTokens},
    notification::mentions as mentioned,
};
use rondo_infra::{auth::JwtTokens, bus::read_twice};
use rondo_wire as wire;
use secrecy::SecretString;

use super::{choice, text};

/// A cursor that is taken is one that could have been given: written again, it reads the same.
pub fn cursor(data: &[u8]) {
    for cursor in [text(data), base64url(data)] {
        if let Ok(key) = wire::decode_activity(&cursor) {
            assert_eq!(wire::decode_activity(&wire::encode_activity(&key)), Ok(key));
        }
        if let Ok(key) = wire::decode_id(&cursor) {
            assert_eq!(wire::decode_id(&wire::encode_id(key)), Ok(key));
        }
        if let Ok(key) = wire::decode_member(&cursor) {
            assert_eq!(wire::decode_member(&wire::encode_member(&key)), Ok(key));
        }
        if let Ok(key) = wire::decode_roll(&cursor) {
            assert_eq!(wire::decode_roll(&wire::encode_roll(&key)), Ok(key));
        }
        if let Ok(key) = wire::decode_name(&cursor) {
            assert!(!key.name.contains('\0'), "PostgreSQL would choke on {key:?}");
            assert_eq!(wire::decode_name(&wire::encode_name(&key)), Ok(key));
        }
        if let Ok(key) = wire::decode_message(&cursor) {
            assert_eq!(wire::decode_message(&wire::encode_message(&key)), Ok(key));
        }
    }
}

/// At most twenty people are mentioned, each once, and naming just them mentions just them.
pub fn mentions(data: &[u8]) {
    let found = mentioned(&text(data));
    assert!(found.len() <= 20, "{} are mentioned", found.len());
    let again = found.iter().map(|user| format!("<@{user}>")).collect::<Vec<_>>().concat();
    assert_eq!(mentioned(&again), found, "somebody is mentioned twice");
}

/// Frames of other nodes: what is understood of one survives being sent on, and is no more than fits into it.
pub fn frame(data: &[u8]) {
    if let Some((first, second)) = read_twice(data) {
        assert_eq!(first, second);
        assert!(first.len() <= data.len() / 5, "a signal takes five bytes at least");
    }
}

/// No text but the token that was issued is taken for it, however like it may be.
pub fn token(data: &[u8]) {
    static ISSUED: OnceLock<(JwtTokens, String)> = OnceLock::new();
    let (tokens, issued) = ISSUED.get_or_init(|| {
        let tokens = JwtTokens::new(&SecretString::from("a secret of more than thirty-two bytes"));
        let actor = Actor { user: UserId::generate(), login: LoginId::generate(), expires_at: moment(2_000_000_000) };
        let issued = tokens.issue(&actor, moment(1_000_000_000));
        (tokens, issued.unwrap_or_default())
    });
    let (at, rest) = choice(data);
    let spliced = format!("{}{}", issued.get(..at.min(issued.len())).unwrap_or_default(), text(rest));
    let mut flipped = issued.clone().into_bytes();
    if let ([low, byte, ..], length) = (rest, flipped.len()) {
        flipped[(at * 256 + usize::from(*low)) % length] = *byte;
    }
    for candidate in [text(data), spliced, text(&flipped)] {
        let verdict = tokens.verify(&candidate, moment(1_500_000_000));
        assert_eq!(verdict.is_ok(), candidate == *issued, "{candidate}");
        assert!(tokens.verify(&candidate, moment(2_000_000_000)).is_err(), "an expired token is taken");
    }
}

fn moment(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// Base64 as cursors are written, so that chance reaches what lies behind it.
fn base64url(data: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let group = |bytes: &[u8]| {
        let word = bytes.iter().chain([&0, &0]).take(3).fold(0, |word, byte| (word << 8) | usize::from(*byte));
        (0..=bytes.len()).map(|digit| char::from(DIGITS[(word >> (18 - 6 * digit)) & 63])).collect::<String>()
    };
    data.chunks(3).map(group).collect()
}
