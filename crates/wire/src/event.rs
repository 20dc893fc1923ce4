//! Events as clients see them. An event is encoded once, when it is written; the log, the bus and every connection
//! carry the same bytes.

use rondo_domain::{
    SessionId,
    account::User,
    bus::PassingEvent,
    event::{EventEncoder, PersonalEvent, RecordedEvent, SessionEvent},
    notification::Notice,
    presence::Present,
};
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use crate::view::{
    AcceptedView, CameView, InvitationView, MemberRemovedView, MembershipView, MessageView, NotificationView,
    PresenceDiffView, PresentView, ReadView, SessionDeletedView, SessionFacts, SomebodyView, UserView,
};

/// Gives events their public JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublicEncoder;

impl EventEncoder for PublicEncoder {
    fn encode(&self, event: &SessionEvent) -> String {
        let encoded = match event {
            SessionEvent::MessageCreated(message)
            | SessionEvent::MessageUpdated(message)
            | SessionEvent::MessageDeleted(message) => serde_json::to_string(&MessageView::from(message)),
            SessionEvent::SessionUpdated(session) => serde_json::to_string(&SessionFacts::from(session)),
            SessionEvent::SessionDeleted(session) => {
                serde_json::to_string(&SessionDeletedView { session_id: session.0 })
            }
            SessionEvent::MemberUpdated(membership) => serde_json::to_string(&MembershipView::from(membership)),
            SessionEvent::MemberRemoved { session, user } => {
                serde_json::to_string(&MemberRemovedView { session_id: session.0, user_id: user.0 })
            }
            SessionEvent::InvitationAccepted { invitation, membership } => {
                serde_json::to_string(&AcceptedView { invitation: invitation.into(), membership: membership.into() })
            }
        };
        written(encoded)
    }

    fn encode_personal(&self, event: &PersonalEvent) -> String {
        written(match event {
            PersonalEvent::InvitationCreated(invitation) => serde_json::to_string(&InvitationView::from(invitation)),
            PersonalEvent::NotificationCreated(notification) => {
                serde_json::to_string(&NotificationView::fresh(notification))
            }
        })
    }

    fn encode_notice(&self, notice: &Notice) -> String {
        written(serde_json::to_string(notice))
    }

    fn without_content(&self, data: &str) -> String {
        with_field(data, "content", Value::Null)
    }

    fn with_excerpt(&self, data: &str, excerpt: Option<&str>) -> String {
        with_field(data, "excerpt", excerpt.into())
    }
}

/// A JSON object with another value in one of its fields.
fn with_field(data: &str, field: &str, value: Value) -> String {
    let Ok(mut object) = serde_json::from_str::<Map<String, Value>>(data) else { return "{}".to_owned() };
    object.insert(field.to_owned(), value);
    written(serde_json::to_string(&object))
}

/// Views are plain structs with string keys, which `serde_json` cannot fail to write.
fn written(encoded: Result<String, serde_json::Error>) -> String {
    encoded.unwrap_or_else(|_| "{}".to_owned())
}

/// What a passing event is called, and what it carries.
#[must_use]
pub fn passing_payload(event: &PassingEvent) -> (&'static str, Box<RawValue>) {
    let raw = |encoded: Result<Box<RawValue>, serde_json::Error>| encoded.unwrap_or_else(|_| RawValue::NULL.to_owned());
    match event {
        PassingEvent::Read { session, user, seq } => {
            ("message:read", raw(to_raw_value(&ReadView { session_id: session.0, user_id: user.0, seq: *seq })))
        }
        PassingEvent::Typing { session, user, typing } => (
            if *typing { "typing:start" } else { "typing:stop" },
            raw(to_raw_value(&SomebodyView { session_id: session.0, user: UserView::of(user) })),
        ),
        PassingEvent::Came { session, user, present, .. } => (
            "session:join",
            raw(to_raw_value(&CameView { session_id: session.0, present: PresentView::of(user, present) })),
        ),
        PassingEvent::Went { session, user, .. } => {
            ("session:leave", raw(to_raw_value(&SomebodyView { session_id: session.0, user: UserView::of(user) })))
        }
    }
}

/// What `presence:diff` carries.
#[must_use]
pub fn presence_diff(session: SessionId, joined: &[(User, Present)], left: &[User]) -> Box<RawValue> {
    let view = PresenceDiffView {
        session_id: session.0,
        joined: joined.iter().map(|(user, present)| PresentView::of(user, present)).collect(),
        left: left.iter().map(UserView::of).collect(),
    };
    to_raw_value(&view).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Who is present, as the acknowledgement of `session:join` carries it.
#[must_use]
pub fn presence_list(people: &[(User, Present)]) -> Box<RawValue> {
    let view: Vec<_> = people.iter().map(|(user, present)| PresentView::of(user, present)).collect();
    to_raw_value(&view).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// What a live event carries: its data with `position` beside the other fields.
#[must_use]
pub fn live_payload(event: &RecordedEvent) -> Box<RawValue> {
    let fields = event.data.strip_suffix('}').unwrap_or(&event.data);
    let comma = if fields.ends_with('{') { "" } else { "," };
    let json = format!("{fields}{comma}\"position\":{}}}", event.position);
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use rondo_domain::{SessionId, event::EventKind};

    use super::*;

    #[test]
    fn position_stands_beside_the_other_fields() {
        let event = |data: &str| RecordedEvent {
            session_id: SessionId::generate(),
            position: 7,
            kind: EventKind::MessageCreate,
            subject: None,
            data: data.into(),
            trace: None,
        };
        assert_eq!(live_payload(&event(r#"{"a":{"b":1}}"#)).get(), r#"{"a":{"b":1},"position":7}"#);
        assert_eq!(live_payload(&event("{}")).get(), r#"{"position":7}"#);
    }

    #[test]
    fn content_is_taken_out_of_an_event() {
        let redacted = PublicEncoder.without_content(r#"{"id":"a","content":"secret","seq":1}"#);
        let redacted: Value = serde_json::from_str(&redacted).unwrap();
        assert_eq!(redacted, serde_json::json!({"id": "a", "content": null, "seq": 1}));
    }

    #[test]
    fn a_mention_is_told_with_another_excerpt_or_none() {
        let told = |excerpt| PublicEncoder.with_excerpt(r#"{"messageId":"a","excerpt":"secret"}"#, excerpt);
        let told = |excerpt| serde_json::from_str::<Value>(&told(excerpt)).unwrap();
        assert_eq!(told(None), serde_json::json!({"messageId": "a", "excerpt": null}));
        assert_eq!(told(Some("ñ")), serde_json::json!({"messageId": "a", "excerpt": "ñ"}));
    }
}
