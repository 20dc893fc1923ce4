//! The contract's shapes. A field more is as wrong as a field less: it is how an address or a hash would leak.

use serde_json::Value;

const PERSON: &[&str] = &["id", "displayName", "avatarUrl", "bio", "createdAt"];
const SESSION: &[&str] = &[
    "id",
    "name",
    "description",
    "color",
    "imageUrl",
    "visibility",
    "role",
    "memberCount",
    "lastSeq",
    "lastPosition",
    "unreadCount",
    "lastMessageAt",
    "createdAt",
    "updatedAt",
];
const MESSAGE: &[&str] = &[
    "id",
    "sessionId",
    "seq",
    "author",
    "content",
    "clientMessageId",
    "replyTo",
    "createdAt",
    "editedAt",
    "deletedAt",
];

/// Insists on exactly these fields.
#[track_caller]
pub fn assert_fields(value: &Value, expected: &[&str]) {
    let fields = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    let mut found: Vec<_> = fields.keys().map(String::as_str).collect();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "the fields of {value}");
}

/// Insists on a UUID of version 7 in its plain form.
#[track_caller]
pub fn assert_id(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no id: {value}"));
    let plain = text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'7',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        });
    assert!(plain, "{text} is no UUIDv7");
}

/// Insists on RFC 3339 in UTC with whole milliseconds.
#[track_caller]
pub fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    let pattern = "0000-00-00T00:00:00.000Z";
    let matches = text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, expected)| match expected {
            b'0' => byte.is_ascii_digit(),
            _ => byte == expected,
        });
    assert!(matches, "{text} is no RFC 3339 in UTC with milliseconds");
}

/// A person as others see them: without an e-mail.
#[track_caller]
pub fn assert_user(user: &Value) {
    assert_fields(user, PERSON);
    assert_id(&user["id"]);
    assert_time(&user["createdAt"]);
}

/// A person as they see themselves.
#[track_caller]
pub fn assert_own_user(user: &Value) {
    assert_fields(user, &[PERSON, &["email"]].concat());
    assert_id(&user["id"]);
    assert_time(&user["createdAt"]);
}

/// A session as a person sees it.
#[track_caller]
pub fn assert_session(session: &Value) {
    assert_fields(session, SESSION);
    assert_id(&session["id"]);
    assert_time(&session["createdAt"]);
    assert_time(&session["updatedAt"]);
}

/// A session as nobody in particular sees it: what `session:update` carries.
#[track_caller]
pub fn assert_session_facts(session: &Value) {
    let facts: Vec<_> = SESSION.iter().copied().filter(|field| !["role", "unreadCount"].contains(field)).collect();
    assert_fields(session, &facts);
}

/// A message.
#[track_caller]
pub fn assert_message(message: &Value) {
    assert_fields(message, MESSAGE);
    assert_id(&message["id"]);
    assert_id(&message["sessionId"]);
    assert_user(&message["author"]);
    assert_time(&message["createdAt"]);
}

/// A membership.
#[track_caller]
pub fn assert_membership(membership: &Value) {
    assert_fields(membership, &["sessionId", "user", "role", "joinedAt"]);
    assert_id(&membership["sessionId"]);
    assert_user(&membership["user"]);
    assert_time(&membership["joinedAt"]);
}

/// An event as pages of the log show it.
#[track_caller]
pub fn assert_event(event: &Value) {
    assert_fields(event, &["type", "position", "data"]);
    assert!(event["position"].as_u64().is_some_and(|position| position > 0), "{event}");
    assert!(event["data"].is_object() && event["data"].get("position").is_none(), "{event}");
}

/// The numbers of a field, in their order: `seq` of messages, `position` of events.
#[must_use]
#[track_caller]
pub fn numbers(items: &[Value], field: &str) -> Vec<u64> {
    let number = |item: &Value| item[field].as_u64().unwrap_or_else(|| panic!("no {field} in {item}"));
    items.iter().map(number).collect()
}

/// Insists on 1, 2, 3 … `count` without gap or repeat, in this order.
#[track_caller]
pub fn assert_counted(items: &[Value], field: &str, count: usize) {
    let expected: Vec<u64> = (1..).take(count).collect();
    assert_eq!(numbers(items, field), expected, "{field} counts without gap or repeat");
}
