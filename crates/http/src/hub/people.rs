//! Whose connections are here: for what is addressed to a person rather than to a room.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rondo_domain::{LoginId, UserId, bus::PersonalSignal};
use serde_json::value::RawValue;

use super::{Outlet, SeatId};

/// A connection by its seat.
type Connections = Vec<(SeatId, Arc<dyn Outlet>)>;

/// The connections of this node by their person.
#[derive(Default)]
pub(super) struct People(Mutex<HashMap<UserId, Connections>>);

impl People {
    pub(super) fn add(&self, user: UserId, seat: SeatId, outlet: Arc<dyn Outlet>) {
        self.lock().entry(user).or_default().push((seat, outlet));
    }

    pub(super) fn remove(&self, user: UserId, seat: SeatId) {
        let mut people = self.lock();
        if let Some(connections) = people.get_mut(&user) {
            connections.retain(|(known, _)| *known != seat);
            if connections.is_empty() {
                people.remove(&user);
            }
        }
    }

    /// A person's connections as they are now. They are spoken to without the lock.
    pub(super) fn of(&self, user: UserId) -> Connections {
        self.lock().get(&user).cloned().unwrap_or_default()
    }

    pub(super) fn tell(&self, signal: &PersonalSignal) {
        let connections = self.of(signal.user);
        if connections.is_empty() {
            return;
        }
        let Ok(data) = serde_json::from_str::<&RawValue>(&signal.data) else { return };
        for (_, outlet) in connections {
            tell(&*outlet, signal.kind.as_str(), data);
        }
    }

    pub(super) fn login_ended(&self, user: UserId, login: LoginId) {
        for (_, outlet) in self.of(user) {
            outlet.login_ended(login);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Connections>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells a connection something that it cannot miss: a reader too slow for it is cut, and reads afresh when it is back.
pub(super) fn tell(outlet: &dyn Outlet, name: &'static str, data: &RawValue) {
    if outlet.tell(name, data).is_err() {
        outlet.cut();
    }
}
