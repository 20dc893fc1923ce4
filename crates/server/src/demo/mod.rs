//! The demo that a newcomer finds in development: a small cast, their sessions, and what they said.
//!
//! Ids are derived from the demo's own keys, so that seeding again completes what is missing and repeats nothing.

mod cast;

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures_util::future::try_join_all;
use rondo_domain::{
    Clock, LoginId, MessageId, SessionId, Timestamp, UserId,
    account::{Actor, Email, PasswordHash, User},
    invitation::{InvitationError, InvitationSettings, Invitations, Invite},
    message::{ClientMessageId, Content, MessageError, NewMessage, PostMessage},
    policy::Role,
    session::{Membership, Session, Visibility},
    store::{MessageWriter, Store, StoreError, UnitOfWork},
};
use thiserror::Error;
use uuid::Builder;

use cast::{Cast, Room};

/// The demo login: owner of "Sala de prensa".
pub const LOGIN: (&str, &str) = ("demo@rondo.dev", "rondo-demo-2026");
/// The guest's login.
pub const GUEST: (&str, &str) = ("guest@rondo.dev", "rondo-guest-2026");

/// What is stored of the two passwords, by the key of their person: bcrypt at its default cost. As public as they are,
/// and made beforehand, because hashing them would be most of a first start.
const HASHES: [(&str, &str); 2] = [
    ("demo", "$2b$12$7vhMZ44EwXRjNtw0TnQHzelTEHV1nUD54G9eL7HRAvH14eBOZLDAW"),
    ("guest", "$2b$12$A3.S7BV96vcgqe.Ak5FJz.5DX4jwq4xIIsI3oFIBY58V4vosYA10G"),
];

/// How long the demo's invitations wait.
const INVITATION_TTL: Duration = Duration::from_hours(30 * 24);

/// Why the demo could not be written.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The data in the binary is broken.
    #[error("the demo data is broken: {0}")]
    Broken(String),
    /// The database said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A message was refused.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// An invitation was refused.
    #[error(transparent)]
    Invitation(#[from] InvitationError),
}

/// What the demo is written with.
pub struct Stage {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The way in for messages.
    pub writer: Arc<dyn MessageWriter>,
    /// The demo lies in the days before the present.
    pub clock: Arc<dyn Clock>,
}

impl Stage {
    /// Writes the demo where nobody has an account yet. Another node that does the same at the same time may win.
    ///
    /// # Errors
    /// See [`DemoError`].
    pub async fn seed_if_empty(&self) -> Result<(), DemoError> {
        if self.store.has_users().await? {
            return Ok(());
        }
        match self.seed().await {
            Ok(messages) => tracing::info!(messages, "the demo data was written"),
            Err(DemoError::Store(StoreError::Conflict(_))) => tracing::info!("another node writes the demo data"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Writes what is missing of the demo, and tells how many messages that were.
    ///
    /// # Errors
    /// See [`DemoError`].
    pub async fn seed(&self) -> Result<usize, DemoError> {
        let Self { store, writer, clock } = self;
        let now = clock.now();
        let cast = Cast::read()?;
        let people = people(&**store, &cast, now).await?;
        for room in &cast.sessions {
            let session = SessionId(id("session", &room.key));
            if store.access(session, people[&cast.owner(room)?.key].id).await?.is_none() {
                open(&**store, room, session, &people, now).await?;
            }
        }
        let talks = cast.sessions.iter().map(|room| {
            let session = SessionId(id("session", &room.key));
            talk(&**writer, room, session, &people, now)
        });
        let written = try_join_all(talks).await?.into_iter().sum();
        for (email, room) in cast.invitations() {
            self.invite(&cast, room, email, &people).await?;
        }
        Ok(written)
    }

    /// Has a room's owner invite somebody, unless that was done before.
    async fn invite(&self, cast: &Cast, room: &Room, email: &str, people: &People<'_>) -> Result<(), DemoError> {
        let owner = cast::known(people, &cast.owner(room)?.key)?.id;
        let actor = Actor { user: owner, login: LoginId::generate(), expires_at: self.clock.now() };
        let email = Email::parse(email).map_err(|reason| DemoError::Broken(reason.message))?;
        let invite = Invite { session: SessionId(id("session", &room.key)), email, role: Role::Member };
        let settings = InvitationSettings { ttl: INVITATION_TTL, unknown: false };
        let invitations = Invitations::new(Arc::clone(&self.store), Arc::clone(&self.clock), settings);
        match invitations.invite(&actor, invite, None).await {
            Ok(_) | Err(InvitationError::Invited | InvitationError::Member) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

type People<'a> = HashMap<&'a String, User>;

/// The cast's accounts; those that are missing are made. Only the demo and the guest can sign in.
async fn people<'a>(store: &dyn Store, cast: &'a Cast, now: Timestamp) -> Result<People<'a>, DemoError> {
    let mut people = HashMap::new();
    let mut missing = Vec::new();
    let mut passwords = public_passwords();
    for person in &cast.people {
        match store.credentials(&person.email).await? {
            Some((user, _)) => drop(people.insert(&person.key, user)),
            None => missing.push(person),
        }
    }
    let mut tx = store.begin().await?;
    for person in missing {
        let user = User {
            id: UserId(id("user", &person.key)),
            email: person.email.clone(),
            display_name: person.display_name.clone(),
            avatar_url: None,
            bio: person.bio.clone(),
            created_at: now - TimeDelta::days(30),
        };
        tx.insert_user(&user, passwords.remove(&user.id).as_ref()).await?;
        people.insert(&person.key, user);
    }
    tx.commit().await?;
    Ok(people)
}

/// Who can sign in to the demo, with what is stored of passwords that everybody knows.
pub(crate) fn public_passwords() -> HashMap<UserId, PasswordHash> {
    HASHES.into_iter().map(|(key, hash)| (UserId(id("user", key)), PasswordHash(hash.to_owned()))).collect()
}

/// Whose [`LOGIN`] is.
pub(crate) fn login_id() -> UserId {
    UserId(id("user", HASHES[0].0))
}

/// Those of them who are there and still have that password.
pub(crate) async fn with_public_passwords(store: &dyn Store) -> Result<Vec<UserId>, StoreError> {
    let mut found = Vec::new();
    for (user, public) in public_passwords() {
        if store.password(user).await? == Some(public) {
            found.push(user);
        }
    }
    Ok(found)
}

/// Makes a session with its members, a little before its first message.
async fn open(
    store: &dyn Store,
    room: &Room,
    id: SessionId,
    people: &People<'_>,
    now: Timestamp,
) -> Result<(), DemoError> {
    let opened = now - TimeDelta::minutes(room.messages.first().map_or(0, |message| message.minutes_before) + 60);
    let session = Session {
        id,
        name: room.name.clone(),
        description: room.description.clone(),
        color: room.color.clone(),
        image_url: None,
        visibility: Visibility::parse(&room.visibility).map_err(|reason| DemoError::Broken(reason.message))?,
        role: None,
        member_count: 0,
        last_seq: 0,
        last_position: 0,
        unread_count: 0,
        last_message_at: None,
        active_at: opened,
        created_at: opened,
        updated_at: opened,
    };
    let mut tx: Box<dyn UnitOfWork> = store.begin().await?;
    tx.insert_session(&session).await?;
    for member in &room.members {
        let role = Role::parse(&member.role).map_err(|reason| DemoError::Broken(reason.message))?;
        let user = cast::known(people, &member.who)?.clone();
        tx.insert_member(&Membership { session_id: id, user, role, joined_at: opened }, 0).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Posts what was said, many at a time so that they are committed together. Each message has a name of its own, so that
/// none is written twice.
async fn talk(
    writer: &dyn MessageWriter,
    room: &Room,
    session: SessionId,
    people: &People<'_>,
    now: Timestamp,
) -> Result<usize, DemoError> {
    let broken = |reason: rondo_domain::Reason| DemoError::Broken(reason.message);
    let name = |index: usize| MessageId(id("message", &format!("{}/{index}", room.key)));
    let mut posts = Vec::new();
    let mut written = 0;
    for (index, line) in room.messages.iter().enumerate() {
        if line.reply_to.is_some() {
            written += post_all(writer, std::mem::take(&mut posts)).await?; // what it answers must be there
        }
        posts.push(NewMessage {
            id: name(index),
            author: cast::known(people, &line.by)?.id,
            post: PostMessage {
                session,
                content: Content::parse(&line.content).map_err(broken)?,
                client_message_id: Some(ClientMessageId::parse(&format!("demo-{index}")).map_err(broken)?),
                reply_to: line.reply_to.map(name),
            },
            created_at: now - TimeDelta::minutes(line.minutes_before),
            guard: None,
        });
    }
    Ok(written + post_all(writer, posts).await?)
}

/// Posts in this order, and tells how many were not there yet.
async fn post_all(writer: &dyn MessageWriter, posts: Vec<NewMessage>) -> Result<usize, DemoError> {
    let posted = try_join_all(posts.into_iter().map(|post| writer.post(post))).await?;
    Ok(posted.iter().filter(|posted| !posted.repeated).count())
}

/// An id that is the same at every seeding: a UUIDv7 of a fixed moment whose random part is the key's.
fn id(kind: &str, key: &str) -> uuid::Uuid {
    const MOMENT: u64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z
    // FNV-1a: spreads a handful of keys, which is all that is asked of it here.
    let hash = |seed: u64| {
        let text = kind.bytes().chain([b'/']).chain(key.bytes());
        text.fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
    };
    let mut random = [0; 10];
    random[..8].copy_from_slice(&hash(0xCBF2_9CE4_8422_2325).to_be_bytes());
    random[8..].copy_from_slice(&hash(0x9E37_79B9_7F4A_7C15).to_be_bytes()[..2]);
    Builder::from_unix_timestamp_millis(MOMENT, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rondo_domain::account::ports::PasswordHasher as _;
    use rondo_infra::auth::BcryptHasher;

    use super::*;

    #[test]
    fn the_demo_is_whole() {
        let cast = Cast::read().unwrap();
        let people: HashSet<_> = cast.people.iter().map(|person| &person.key).collect();
        assert_eq!(people.len(), cast.people.len());
        for ((key, _), login) in HASHES.into_iter().zip([LOGIN, GUEST]) {
            assert!(cast.people.iter().any(|person| person.email == login.0 && person.key == key));
        }
        let mut messages = 0;
        for room in &cast.sessions {
            let roles: HashMap<_, _> = room.members.iter().map(|member| (&member.who, member.role.as_str())).collect();
            assert!(roles.values().any(|role| *role == "owner"), "{}", room.key);
            let mut age = i64::MAX;
            for (index, line) in room.messages.iter().enumerate() {
                assert!(matches!(roles[&line.by], "owner" | "moderator" | "member"), "{} {index}", room.key);
                assert!(line.minutes_before < age, "{} {index}", room.key);
                assert!(line.reply_to.is_none_or(|answered| answered < index), "{} {index}", room.key);
                Content::parse(&line.content).unwrap();
                age = line.minutes_before;
            }
            messages += room.messages.len();
        }
        assert!(messages >= 300, "{messages}");
    }

    #[tokio::test]
    async fn the_hashes_are_those_of_the_passwords() {
        let hasher = BcryptHasher::new(4);
        for ((_, hash), login) in HASHES.into_iter().zip([LOGIN, GUEST]) {
            assert!(hasher.verify(login.1, Some(&PasswordHash(hash.to_owned()))).await.unwrap());
        }
    }

    #[test]
    fn ids_are_stable_and_distinct() {
        assert_eq!(id("user", "demo"), id("user", "demo"));
        assert_ne!(id("user", "demo"), id("session", "demo"));
        assert_eq!(id("user", "demo").get_version_num(), 7);
    }
}
