//! Who types on this node. A start that is not renewed ends by itself.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rondo_domain::{SessionId, UserId, account::User};

/// How long a start holds.
const LASTS: Duration = Duration::from_secs(5);
/// How often ends are looked for.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// Somebody who types, as the room is shown them: their end must be shown when the store cannot be asked, too.
struct Typist {
    until: Instant,
    user: User,
}

/// Who types, and until when.
#[derive(Default)]
pub(super) struct Typing(Mutex<HashMap<(SessionId, UserId), Typist>>);

impl Typing {
    /// Somebody types on; `false` when they did not before.
    pub(super) fn renew(&self, session: SessionId, user: UserId) -> bool {
        let mut typing = self.lock();
        let typist = typing.get_mut(&(session, user));
        typist.map(|typist| typist.until = Instant::now() + LASTS).is_some()
    }

    /// Somebody types; `true` when they did not before.
    pub(super) fn start(&self, session: SessionId, user: User) -> bool {
        self.lock().insert((session, user.id), Typist { until: Instant::now() + LASTS, user }).is_none()
    }

    /// Somebody stopped; who that is, when they did type.
    pub(super) fn stop(&self, session: SessionId, user: UserId) -> Option<User> {
        self.lock().remove(&(session, user)).map(|typist| typist.user)
    }

    /// Somebody went away: the next tick ends it.
    pub(super) fn expire(&self, session: SessionId, user: UserId) {
        if let Some(typist) = self.lock().get_mut(&(session, user)) {
            typist.until = Instant::now();
        }
    }

    /// Those whose time is up.
    pub(super) fn take_expired(&self) -> Vec<(SessionId, User)> {
        let now = Instant::now();
        let expired = |((session, _), typist): (_, Typist)| (session, typist.user);
        self.lock().extract_if(|_, typist| typist.until <= now).map(expired).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(SessionId, UserId), Typist>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rondo_domain::{Clock as _, clock::SystemClock};

    use super::*;

    fn user() -> User {
        User {
            id: UserId::generate(),
            email: "ada@example.org".to_owned(),
            display_name: "Ada".to_owned(),
            avatar_url: None,
            bio: None,
            created_at: SystemClock.now(),
        }
    }

    #[test]
    fn a_start_is_told_once_and_ends_when_its_person_goes() {
        let typing = Typing::default();
        let (session, user) = (SessionId::generate(), user());
        assert!(!typing.renew(session, user.id));
        assert!(typing.start(session, user.clone()));
        assert!(!typing.start(session, user.clone()));
        assert!(typing.renew(session, user.id));
        assert!(typing.take_expired().is_empty());
        typing.expire(session, user.id);
        assert_eq!(typing.take_expired(), [(session, user.clone())]);
        assert!(typing.stop(session, user.id).is_none());
    }
}
