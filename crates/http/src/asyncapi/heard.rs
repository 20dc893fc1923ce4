//! The table of what clients hear: each event with its payload and whom it reaches. Names and examples come from what
//! encodes them for the wire.

use rondo_domain::{
    bus::PassingEvent,
    event::{EventEncoder as _, EventKind, PersonalEvent, SessionEvent},
};
use rondo_wire::{
    PublicEncoder, live_payload, passing_payload, presence_diff,
    socket::{Lagged, NodeDraining},
    view::{
        AcceptedView, CameView, InvitationView, MemberRemovedView, MembershipView, MessageView, NotificationView,
        PresenceDiffView, ReadView, SessionDeletedView, SessionFacts, SomebodyView,
    },
};

use super::{examples, json::Json, shape::Shape};

const ROOM: &str = "the room";
const PERSON: &str = "the person's connections";

/// An event that clients hear.
pub(super) struct Heard {
    pub(super) name: &'static str,
    /// Whom it reaches.
    pub(super) to: &'static str,
    pub(super) payload: Shape,
    /// Whether it lasts: then `position` stands beside the fields of the payload.
    pub(super) has_position: bool,
    /// A line for people.
    pub(super) summary: &'static str,
    /// What else is to be known.
    pub(super) detail: &'static str,
    /// Payloads as they are sent.
    pub(super) examples: Vec<Json>,
}

/// Every event that clients hear.
pub(super) fn heard() -> Vec<Heard> {
    let lasting = EventKind::ALL.map(|kind| lasting(&examples::lasting(kind)));
    let mut heard: Vec<_> = lasting.into();
    heard.extend(examples::passing().iter().map(passing));
    heard.push(crowd());
    for event in examples::personal() {
        let mut event = personal(&event);
        match heard.iter_mut().find(|known| known.name == event.name) {
            Some(known) => known.examples.append(&mut event.examples),
            None => heard.push(event),
        }
    }
    heard.push(lagged());
    heard.push(draining());
    heard
}

/// The table of lasting events.
fn lasting(event: &SessionEvent) -> Heard {
    let (payload, to, summary, detail) = match event {
        SessionEvent::MessageCreated(_) => (
            Shape::of::<MessageView>(),
            "the room, the sender too",
            "A message was written",
            "`clientMessageId` tells the sender's own connections which of theirs it is.",
        ),
        SessionEvent::MessageUpdated(_) => {
            (Shape::of::<MessageView>(), "the room, the sender too", "A message was edited", "`editedAt` is when.")
        }
        SessionEvent::MessageDeleted(_) => (
            Shape::of::<MessageView>(),
            "the room, the sender too",
            "A message was deleted",
            "What is left is a tombstone: its `seq`, with `content: null` and `deletedAt`. Forget what it said.",
        ),
        SessionEvent::SessionUpdated(_) => (
            Shape::of::<SessionFacts>(),
            ROOM,
            "The session's name, description, looks or visibility changed",
            "As nobody in particular sees it: without `role` and `unreadCount`, which are one's own.",
        ),
        SessionEvent::SessionDeleted(_) => {
            (Shape::of::<SessionDeletedView>(), ROOM, "The session was deleted", "Nothing follows it in this room.")
        }
        SessionEvent::MemberUpdated(_) => (
            Shape::of::<MembershipView>(),
            ROOM,
            "Somebody became a member, or has another role",
            "Who comes by an invitation is told of by `invitation:accept` instead.",
        ),
        SessionEvent::MemberRemoved { .. } => (
            Shape::of::<MemberRemovedView>(),
            "the room, the removed person's connections in it too",
            "Somebody left the session or was removed",
            "For that person it is the last event of the room: their connections are out of it, on every node.",
        ),
        SessionEvent::InvitationAccepted { .. } => (
            Shape::of::<AcceptedView>(),
            "the room, and all connections of the owners and the inviter",
            "Somebody accepted an invitation, and is a member by it",
            "A connection hears it once, even where it is addressed twice. Outside the room its `position` is no place to go on from.",
        ),
    };
    let payload_as_sent = live_payload(&examples::recorded(event));
    Heard {
        name: event.kind().as_str(),
        to,
        payload,
        has_position: true,
        summary,
        detail,
        examples: Json::read(payload_as_sent.get()).into_iter().collect(),
    }
}

/// The table of passing events.
fn passing(event: &PassingEvent) -> Heard {
    let (payload, to, summary, detail) = match event {
        PassingEvent::Came { .. } => (
            Shape::of::<CameView>(),
            "the room, but the connection that joined",
            "Somebody is present who was not before",
            "Told for a person's first connection alone. Once more than 100 people are present, `presence:diff` comes \
             instead.",
        ),
        PassingEvent::Went { .. } => (
            Shape::of::<SomebodyView>(),
            ROOM,
            "Somebody is present no more",
            "Told when a person's last connection is gone: at once after `session:leave`, some seconds \
             (`PRESENCE_GRACE_MS`, 3 s) after a connection was lost, at most 30 s after a node died. Once more than 100 \
             people are present, `presence:diff` comes instead.",
        ),
        PassingEvent::Read { .. } => (
            Shape::of::<ReadView>(),
            "the room, the reader too",
            "Somebody has read up to a message",
            "Markers never move back.",
        ),
        PassingEvent::Typing { typing: true, .. } => (
            Shape::of::<SomebodyView>(),
            "the room, but the person who types",
            "Somebody began to type",
            "`typing:stop` follows, after 5 s without a renewal at the latest.",
        ),
        PassingEvent::Typing { typing: false, .. } => (
            Shape::of::<SomebodyView>(),
            "the room, but the person who typed",
            "Somebody types no more",
            "They said so, went away, or did not renew it.",
        ),
    };
    let (name, encoded) = passing_payload(event);
    let examples = Json::read(encoded.get()).into_iter().collect();
    Heard { name, to, payload, has_position: false, summary, detail, examples }
}

/// The table of events for one person.
fn personal(event: &PersonalEvent) -> Heard {
    let (payload, to, summary, detail) = match event {
        PersonalEvent::InvitationCreated(_) => (
            Shape::of::<InvitationView>(),
            "the invited person's connections",
            "One is invited into a session",
            "Answer it with `invitation:accept` or `invitation:decline`.",
        ),
        PersonalEvent::NotificationCreated(_) => (
            Shape::of::<NotificationView>(),
            PERSON,
            "One is notified of something",
            "`data` holds the ids and names that show it without another request; which, follows from `type`.",
        ),
    };
    let examples = Json::read(&PublicEncoder.encode_personal(event)).into_iter().collect();
    Heard { name: event.kind().as_str(), to, payload, has_position: false, summary, detail, examples }
}

/// What the hub tells of a crowd.
fn crowd() -> Heard {
    let [_, came] = examples::people();
    let diff = presence_diff(examples::SESSION, &[came], &[examples::ada()]);
    Heard {
        name: "presence:diff",
        to: ROOM,
        payload: Shape::of::<PresenceDiffView>(),
        has_position: false,
        summary: "People came and went, in a crowd",
        detail: "Instead of single `session:join` and `session:leave` once more than 100 people are present, counted \
                 after the change; gathered for at most 250 ms. One's own coming may be among `joined`.",
        examples: Json::read(diff.get()).into_iter().collect(),
    }
}

/// What the hub tells a connection that reads too slowly.
fn lagged() -> Heard {
    let lagged = Lagged { session_id: examples::SESSION.0, from: 9, to: 42 };
    Heard {
        name: "session:lagged",
        to: "a connection that read too slowly",
        payload: Shape::of::<Lagged>(),
        has_position: false,
        summary: "The connection missed events of a session",
        detail: "These positions, and the passing events among them, were dropped for it, and it is out of the room: \
                 send `session:join` with `after` to hear on from where it stood.",
        examples: vec![Json::of(&lagged)],
    }
}

/// What the gateway tells each connection before it closes it.
fn draining() -> Heard {
    Heard {
        name: "server:draining",
        to: "every connection of a node that stops",
        payload: Shape::of::<NodeDraining>(),
        has_position: false,
        summary: "The node is stopping",
        detail: "The connection is closed within 3 s, as `transport close`, and served until then. Who waits \
                 `reconnectInMs` after that before coming back spares the other nodes a crowd; the official clients come \
                 back by themselves without it.",
        examples: vec![Json::of(&NodeDraining { reconnect_in_ms: 740 })],
    }
}
