//! Opaque cursors: the key of the next page, in base64url so that nobody builds on their inside.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use rondo_domain::{
    Invalid, SessionId, Timestamp, UserId,
    account::NameKey,
    page::{ActivityKey, MemberKey, MessageKey},
    presence::RollKey,
};
use uuid::Uuid;

/// A cursor of a list of sessions.
#[must_use]
pub fn encode_activity(key: &ActivityKey) -> String {
    moment_and_id('a', key.active_at, key.id.0)
}

/// Reads a cursor of a list of sessions.
///
/// # Errors
/// On `cursor` when it is not one of ours.
pub fn decode_activity(cursor: &str) -> Result<ActivityKey, Invalid> {
    let (active_at, id) = read_moment_and_id("a", cursor)?;
    Ok(ActivityKey { active_at, id: SessionId(id) })
}

/// A cursor of a list that is ordered by id, the newest first.
#[must_use]
pub fn encode_id(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(format!("i:{id}"))
}

/// Reads a cursor of a list that is ordered by id.
///
/// # Errors
/// On `cursor` when it is not one of ours.
pub fn decode_id(cursor: &str) -> Result<Uuid, Invalid> {
    plain(cursor)?.strip_prefix("i:").and_then(|id| id.parse().ok()).ok_or_else(foreign)
}

/// A cursor of a list of members.
#[must_use]
pub fn encode_member(key: &MemberKey) -> String {
    moment_and_id('m', key.joined_at, key.user.0)
}

/// Reads a cursor of a list of members.
///
/// # Errors
/// On `cursor` when it is not one of ours.
pub fn decode_member(cursor: &str) -> Result<MemberKey, Invalid> {
    let (joined_at, user) = read_moment_and_id("m", cursor)?;
    Ok(MemberKey { joined_at, user: UserId(user) })
}

/// A cursor of a list of those who are present.
#[must_use]
pub fn encode_roll(key: &RollKey) -> String {
    moment_and_id('p', key.0, key.1.0)
}

/// Reads a cursor of a list of those who are present.
///
/// # Errors
/// On `cursor` when it is not one of ours.
pub fn decode_roll(cursor: &str) -> Result<RollKey, Invalid> {
    let (since, user) = read_moment_and_id("p", cursor)?;
    Ok((since, UserId(user)))
}

/// A cursor of a list of people.
#[must_use]
pub fn encode_name(key: &NameKey) -> String {
    URL_SAFE_NO_PAD.encode(format!("n:{}:{}", key.id, key.name))
}

/// Reads a cursor of a list of people.
///
/// # Errors
/// On `cursor` when it is not one of ours.
pub fn decode_name(cursor: &str) -> Result<NameKey, Invalid> {
    let text = plain(cursor)?;
    let (id, name) = text.strip_prefix("n:").and_then(|rest| rest.split_once(':')).ok_or_else(foreign)?;
    if name.contains('\0') {
        return Err(foreign()); // PostgreSQL would choke on it
    }
    Ok(NameKey { name: name.to_owned(), id: id.parse().map_err(|_| foreign())? })
}

fn moment_and_id(list: char, moment: Timestamp, id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}:{}:{id}", moment.timestamp_millis()))
}

fn read_moment_and_id(list: &str, cursor: &str) -> Result<(Timestamp, Uuid), Invalid> {
    let text = plain(cursor)?;
    let mut parts = text.split(':');
    let (Some(kind), Some(moment), Some(id), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(foreign());
    };
    // Within the years that every database can hold.
    let millis = moment.parse().ok().filter(|millis| (0..=253_402_300_799_999_i64).contains(millis));
    let moment = millis.and_then(DateTime::from_timestamp_millis).filter(|_| kind == list).ok_or_else(foreign)?;
    Ok((moment, id.parse().map_err(|_| foreign())?))
}

/// A cursor of a list of messages, which remembers its direction.
#[must_use]
pub fn encode_message(key: &MessageKey) -> String {
    URL_SAFE_NO_PAD.encode(match key {
        MessageKey::Before(seq) => format!("b:{}", seq.unwrap_or(i64::MAX)),
        MessageKey::After(seq) => format!("f:{seq}"),
    })
}

/// Reads a cursor of a list of messages.
///
/// # Errors
/// On `cursor` when it is not one of ours.
pub fn decode_message(cursor: &str) -> Result<MessageKey, Invalid> {
    let text = plain(cursor)?;
    let (direction, seq) = text.split_once(':').ok_or_else(foreign)?;
    let seq = seq.parse().ok().filter(|seq| *seq >= 0).ok_or_else(foreign)?;
    match direction {
        "b" => Ok(MessageKey::Before(Some(seq))),
        "f" => Ok(MessageKey::After(seq)),
        _ => Err(foreign()),
    }
}

fn plain(cursor: &str) -> Result<String, Invalid> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
    String::from_utf8(bytes).map_err(|_| foreign())
}

fn foreign() -> Invalid {
    Invalid::field("cursor", "invalid_format", "must be a nextCursor of this list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back() {
        let key = ActivityKey {
            active_at: DateTime::from_timestamp_millis(1_769_860_800_123).unwrap(),
            id: SessionId::generate(),
        };
        assert_eq!(decode_activity(&encode_activity(&key)), Ok(key));
        for key in [MessageKey::Before(Some(7)), MessageKey::After(0)] {
            assert_eq!(decode_message(&encode_message(&key)), Ok(key));
        }
    }

    #[test]
    fn foreign_cursors_are_refused() {
        let b64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for cursor in ["", "!", "YWJj", &b64("b:-1"), &b64("f:x"), &b64("x:1"), &b64("a:1:2"), &b64("a:1:2:3"), "_w"] {
            assert!(decode_message(cursor).is_err(), "{cursor}");
            assert!(decode_activity(cursor).is_err(), "{cursor}");
        }
        assert!(decode_activity(&b64(&format!("a:{}:{}", i64::MAX, SessionId::generate()))).is_err());
    }
}
