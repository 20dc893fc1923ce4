//! What is shown as an example: an evening's session, written by the same views and encoders that write for clients.

use rondo_domain::{
    InvitationId, MessageId, NotificationId, SessionId, Timestamp, UserId,
    account::User,
    bus::PassingEvent,
    event::{EventKind, PersonalEvent, RecordedEvent, SessionEvent},
    invitation::{Accepted, Invitation, Status},
    message::Message,
    notification::{InvitationFacts, Notice, Notification, Place, Who},
    policy::Role,
    presence::Present,
    session::{Membership, Session, Visibility},
};
use rondo_wire::PublicEncoder;
use uuid::uuid;

pub(super) const SESSION: SessionId = SessionId(uuid!("019c0e3a-5c00-7000-8000-000000000002"));
const ADA: UserId = UserId(uuid!("019c0e3a-5c00-7000-8000-000000000001"));
const GRACE: UserId = UserId(uuid!("019c0e3a-5c00-7000-8000-000000000006"));
const MESSAGE: MessageId = MessageId(uuid!("019c0e3a-5c00-7000-8000-000000000003"));
const NOTIFICATION: NotificationId = NotificationId(uuid!("019c0e3a-5c00-7000-8000-000000000004"));
const INVITATION: InvitationId = InvitationId(uuid!("019c0e3a-5c00-7000-8000-000000000005"));
const NAME: &str = "Fulbito del jueves";

/// A lasting event of each kind.
pub(super) fn lasting(kind: EventKind) -> SessionEvent {
    match kind {
        EventKind::MessageCreate => SessionEvent::MessageCreated(message()),
        EventKind::MessageUpdate => SessionEvent::MessageUpdated(edited()),
        EventKind::MessageDelete => SessionEvent::MessageDeleted(deleted()),
        EventKind::SessionUpdate => SessionEvent::SessionUpdated(session()),
        EventKind::SessionDelete => SessionEvent::SessionDeleted(SESSION),
        EventKind::MemberUpdate => SessionEvent::MemberUpdated(membership()),
        EventKind::MemberRemove => SessionEvent::MemberRemoved { session: SESSION, user: GRACE },
        EventKind::InvitationAccept => {
            let Accepted { invitation, membership } = accepted();
            SessionEvent::InvitationAccepted { invitation, membership }
        }
    }
}

/// The log's entry of an event.
pub(super) fn recorded(event: &SessionEvent) -> RecordedEvent {
    use rondo_domain::event::EventEncoder as _;
    RecordedEvent {
        session_id: event.session(),
        position: 8,
        kind: event.kind(),
        subject: event.subject(),
        data: PublicEncoder.encode(event).into(),
        trace: None,
    }
}

/// An event of each kind that a person's connections hear.
pub(super) fn personal() -> Vec<PersonalEvent> {
    let notified = notices().into_iter().map(|notice| {
        PersonalEvent::NotificationCreated(Notification {
            id: NOTIFICATION,
            user_id: GRACE,
            notice,
            created_at: moment(120),
        })
    });
    std::iter::once(PersonalEvent::InvitationCreated(invitation(Status::Pending))).chain(notified).collect()
}

/// A passing event of each kind.
pub(super) fn passing() -> [PassingEvent; 5] {
    let (session, user) = (SESSION, grace());
    [
        PassingEvent::Came { session, user: user.clone(), present: present(GRACE, 95), seat: 1, count: 2 },
        PassingEvent::Went { session, user: user.clone(), count: 1 },
        PassingEvent::Read { session, user: GRACE, seq: 7 },
        PassingEvent::Typing { session, user: user.clone(), typing: true },
        PassingEvent::Typing { session, user, typing: false },
    ]
}

/// A notice of each type.
pub(super) fn notices() -> Vec<Notice> {
    let place = Place { session_id: SESSION, session_name: NAME.to_owned() };
    let by = Who::from(&ada());
    let invitation = InvitationFacts::from(&invitation(Status::Pending));
    vec![
        Notice::Invitation(invitation.clone()),
        Notice::InvitationAccepted { invitation: invitation.clone(), by: Who::from(&grace()), role: Role::Member },
        Notice::InvitationDeclined { invitation, by: Who::from(&grace()) },
        Notice::mention(place.clone(), MESSAGE, 7, by.clone(), &format!("¡Golazo, <@{GRACE}>!")),
        Notice::RoleChanged {
            place: place.clone(),
            role: Role::Moderator,
            previous_role: Role::Member,
            by: by.clone(),
        },
        Notice::MemberRemoved { place: place.clone(), by: by.clone() },
        Notice::SessionDeleted { place, by },
    ]
}

/// Those who are present.
pub(super) fn people() -> [(User, Present); 2] {
    [(ada(), present(ADA, 61)), (grace(), present(GRACE, 95))]
}

pub(super) fn ada() -> User {
    user(ADA, "Ada", Some("Left-footed."))
}

pub(super) fn grace() -> User {
    user(GRACE, "Grace", None)
}

fn user(id: UserId, name: &str, bio: Option<&str>) -> User {
    User {
        id,
        email: format!("{}@example.org", name.to_lowercase()),
        display_name: name.to_owned(),
        avatar_url: None,
        bio: bio.map(str::to_owned),
        created_at: moment(0),
    }
}

pub(super) fn session() -> Session {
    Session {
        id: SESSION,
        name: NAME.to_owned(),
        description: Some("Who plays, who brings the ball".to_owned()),
        color: Some("#75aadb".to_owned()),
        image_url: None,
        visibility: Visibility::Private,
        role: Some(Role::Member),
        member_count: 2,
        last_seq: 7,
        last_position: 8,
        unread_count: 1,
        last_message_at: Some(moment(90)),
        active_at: moment(90),
        created_at: moment(60),
        updated_at: moment(60),
    }
}

pub(super) fn message() -> Message {
    Message {
        id: MESSAGE,
        session_id: SESSION,
        seq: 7,
        author: ada().into(),
        content: Some("¡Golazo!".to_owned()),
        client_message_id: Some("c-1".to_owned()),
        reply_to: None,
        created_at: moment(90),
        edited_at: None,
        deleted_at: None,
    }
}

pub(super) fn edited() -> Message {
    Message { content: Some("¡Golazo de media cancha!".to_owned()), edited_at: Some(moment(100)), ..message() }
}

pub(super) fn deleted() -> Message {
    Message { content: None, edited_at: None, deleted_at: Some(moment(110)), ..message() }
}

fn membership() -> Membership {
    Membership { session_id: SESSION, user: grace(), role: Role::Member, joined_at: moment(80) }
}

pub(super) fn invitation(status: Status) -> Invitation {
    Invitation {
        id: INVITATION,
        session_id: SESSION,
        session_name: NAME.to_owned(),
        inviter: ada(),
        email: "grace@example.org".to_owned(),
        role: Role::Member,
        status,
        expires_at: moment(70 + 7 * 24 * 60 * 60),
        created_at: moment(70),
    }
}

pub(super) fn accepted() -> Accepted {
    Accepted { invitation: invitation(Status::Accepted), membership: membership() }
}

fn present(user: UserId, since: i64) -> Present {
    Present { user, connections: 1, since: moment(since) }
}

/// So many seconds after noon of the day on which all examples play.
pub(super) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_769_860_800 + seconds, 0).unwrap_or_default()
}
