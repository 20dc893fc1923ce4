//! The evening of which all examples tell: Ada posts in her session, Grace accepts an invitation.

use std::time::Duration;

use rondo_domain::{
    InvitationId, LoginId, MessageId, NotificationId, SessionId, Timestamp, UserId,
    account::{Grant, Login, LoginOrigin, LoginSeen, User},
    event::{EventKind, RecordedEvent},
    invitation::{Invitation, Status},
    message::Message,
    notification::{Notice, Place, StoredNotification, Who},
    policy::Role,
    presence::Present,
    session::{Membership, Session, Visibility},
};
use uuid::uuid;

const ADA: UserId = UserId(uuid!("019c0e3a-5c00-7000-8000-000000000001"));
const SESSION: SessionId = SessionId(uuid!("019c0e3a-5c00-7000-8000-000000000002"));
const MESSAGE: MessageId = MessageId(uuid!("019c0e3a-5c00-7000-8000-000000000003"));
const GRACE: UserId = UserId(uuid!("019c0e3a-5c00-7000-8000-000000000004"));
const LOGIN: LoginId = LoginId(uuid!("019c0e3a-5c00-7000-8000-000000000005"));
const INVITATION: InvitationId = InvitationId(uuid!("019c0e3a-5c00-7000-8000-000000000006"));
const NOTIFICATION: NotificationId = NotificationId(uuid!("019c0e3a-5c00-7000-8000-000000000007"));

pub(super) fn ada() -> User {
    User {
        id: ADA,
        email: "ada@example.org".to_owned(),
        display_name: "Ada".to_owned(),
        avatar_url: None,
        bio: Some("Left-footed.".to_owned()),
        created_at: moment(0),
    }
}

pub(super) fn session() -> Session {
    Session {
        id: SESSION,
        name: "Fulbito del jueves".to_owned(),
        description: Some("Who plays, who brings the ball".to_owned()),
        color: Some("#75aadb".to_owned()),
        image_url: None,
        visibility: Visibility::Private,
        role: Some(Role::Owner),
        member_count: 2,
        last_seq: 1,
        last_position: 2,
        unread_count: 0,
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
        seq: 1,
        author: ada().into(),
        content: Some("¡Golazo!".to_owned()),
        client_message_id: Some("c-1".to_owned()),
        reply_to: None,
        created_at: moment(90),
        edited_at: None,
        deleted_at: None,
    }
}

fn grace() -> User {
    User {
        id: GRACE,
        email: "grace@example.org".to_owned(),
        display_name: "Grace".to_owned(),
        avatar_url: None,
        bio: None,
        created_at: moment(30),
    }
}

pub(super) fn grant() -> Grant {
    Grant {
        access_token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTljMGUzYSJ9.c2lnbmF0dXJl".to_owned(),
        expires_in: Duration::from_mins(15),
        refresh_token: String::new(),
        refresh_expires_in: Duration::ZERO,
        user: ada(),
    }
}

pub(super) fn login() -> LoginSeen {
    let origin = LoginOrigin { user_agent: Some("Mozilla/5.0".to_owned()), address: Some("192.0.2.1".to_owned()) };
    let login = Login { id: LOGIN, user_id: ADA, origin, created_at: moment(0), revoked_at: None };
    LoginSeen { login, last_used_at: moment(900), current: true }
}

pub(super) fn membership() -> Membership {
    Membership { session_id: SESSION, user: grace(), role: Role::Member, joined_at: moment(75) }
}

pub(super) fn present() -> (User, Present) {
    (grace(), Present { user: GRACE, connections: 2, since: moment(80) })
}

/// That the message was posted, told by `data`.
pub(super) fn event(data: String) -> RecordedEvent {
    RecordedEvent {
        session_id: SESSION,
        position: 2,
        kind: EventKind::MessageCreate,
        subject: Some(MESSAGE.0),
        data: data.into(),
        trace: None,
    }
}

pub(super) fn invitation() -> Invitation {
    Invitation {
        id: INVITATION,
        session_id: SESSION,
        session_name: session().name,
        inviter: ada(),
        email: grace().email,
        role: Role::Member,
        status: Status::Pending,
        expires_at: moment(7 * 24 * 3_600 + 70),
        created_at: moment(70),
    }
}

pub(super) fn notification() -> StoredNotification {
    let place = Place { session_id: SESSION, session_name: session().name };
    let excerpt = format!("¡Golazo, <@{GRACE}>!");
    let mention = Notice::Mention { place, message_id: MESSAGE, seq: 1, by: Who::from(&ada()), excerpt };
    StoredNotification {
        id: NOTIFICATION,
        kind: mention.kind().to_owned(),
        data: serde_json::to_string(&mention).unwrap_or_default(),
        read_at: None,
        created_at: moment(90),
    }
}

/// So many seconds after noon of the day on which all examples play.
fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_769_860_800 + seconds, 0).unwrap_or_default()
}
