//! Who types on this node. A start that is not renewed ends by itself.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rondo_domain::{SessionId, UserId};

/// How long a start holds.
const LASTS: Duration = Duration::from_secs(5);
/// How often ends are looked for.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// Until when people type.
#[derive(Default)]
pub(super) struct Typing(Mutex<HashMap<(SessionId, UserId), Instant>>);

impl Typing {
    /// Somebody types, or types on; `true` when they did not before.
    pub(super) fn start(&self, session: SessionId, user: UserId) -> bool {
        self.lock().insert((session, user), Instant::now() + LASTS).is_none()
    }

    /// Somebody stopped; `true` when they did type.
    pub(super) fn stop(&self, session: SessionId, user: UserId) -> bool {
        self.lock().remove(&(session, user)).is_some()
    }

    /// Somebody went away: the next tick ends it.
    pub(super) fn expire(&self, session: SessionId, user: UserId) {
        if let Some(until) = self.lock().get_mut(&(session, user)) {
            *until = Instant::now();
        }
    }

    /// Those whose time is up.
    pub(super) fn take_expired(&self) -> Vec<(SessionId, UserId)> {
        let now = Instant::now();
        self.lock().extract_if(|_, until| *until <= now).map(|(who, _)| who).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(SessionId, UserId), Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_told_once_and_ends_when_its_person_goes() {
        let typing = Typing::default();
        let (session, user) = (SessionId::generate(), UserId::generate());
        assert!(typing.start(session, user));
        assert!(!typing.start(session, user));
        assert!(typing.take_expired().is_empty());
        typing.expire(session, user);
        assert_eq!(typing.take_expired(), [(session, user)]);
        assert!(!typing.stop(session, user));
    }
}
