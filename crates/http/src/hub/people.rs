//! Whose connections are here: for what is addressed to a person rather than to a room. What a person was told is
//! remembered for a while, so that they hear it once, whether from the bus or from a sweep.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque, hash_map::Entry},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rondo_domain::{
    LoginId, SessionId, UserId,
    bus::PersonalSignal,
    event::{Position, RecordedEvent},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Announcement, Outlet, SeatId, counts::Counts, sweep};

/// A connection by its seat.
pub(super) type Connections = Vec<(SeatId, Arc<dyn Outlet>)>;

/// How many things that one person was told are remembered. Beyond, the oldest are taken as told.
const TOLD: usize = 1_000;
/// How many events of sessions that one person was told outside of the room are remembered. With so many, a sweep tells
/// them no more.
const HEARD: usize = 256;

/// Somebody who has connections here.
struct Person {
    connections: Connections,
    /// What they were told, by its id.
    told: BTreeSet<Uuid>,
    /// A sweep tells nothing that was made up to here: they read afresh when they came, or it was forgotten.
    floor: Uuid,
    /// Which events of sessions they were told, and when.
    heard: VecDeque<(SessionId, Position, Uuid)>,
}

impl Person {
    fn since(floor: Uuid) -> Self {
        Self { connections: Vec::new(), told: BTreeSet::new(), floor, heard: VecDeque::new() }
    }

    fn has_heard(&self, event: &RecordedEvent) -> bool {
        self.heard.iter().any(|(session, position, _)| (*session, *position) == (event.session_id, event.position))
    }

    /// Notes that they are told something; `false` when they were before.
    fn is_new(&mut self, id: Uuid) -> bool {
        let new = self.told.insert(id);
        if self.told.len() > TOLD
            && let Some(forgotten) = self.told.pop_first()
        {
            self.floor = self.floor.max(forgotten);
        }
        new
    }
}

/// The connections of this node by their person.
#[derive(Default)]
pub(super) struct People(Mutex<Crowd>);

#[derive(Default)]
struct Crowd {
    people: HashMap<UserId, Person>,
    /// Whose first connection came, or whose last one went.
    changed: HashSet<UserId>,
    /// For whom the bus may have lost something.
    missed: HashSet<UserId>,
}

impl People {
    /// A connection comes. What was made up to `floor` is known to whoever comes now. `true` when it is the first.
    pub(super) fn add(&self, user: UserId, seat: SeatId, outlet: Arc<dyn Outlet>, floor: Uuid) -> bool {
        let mut crowd = self.lock();
        let (person, first) = match crowd.people.entry(user) {
            Entry::Occupied(there) => (there.into_mut(), false),
            Entry::Vacant(place) => (place.insert(Person::since(floor)), true),
        };
        person.connections.push((seat, outlet));
        if first {
            crowd.changed.insert(user);
        }
        first
    }

    /// A connection goes. `true` when it was the last.
    pub(super) fn remove(&self, user: UserId, seat: SeatId) -> bool {
        let mut crowd = self.lock();
        let Some(person) = crowd.people.get_mut(&user) else { return false };
        person.connections.retain(|(known, _)| *known != seat);
        let last = person.connections.is_empty();
        if last {
            crowd.people.remove(&user);
            crowd.changed.insert(user);
        }
        last
    }

    /// Who came or went since this was last asked, and whether they are here now.
    pub(super) fn take_changed(&self) -> Vec<(UserId, bool)> {
        let mut crowd = self.lock();
        let changed = mem::take(&mut crowd.changed);
        changed.into_iter().map(|user| (user, crowd.people.contains_key(&user))).collect()
    }

    /// Notes for whom the bus may have lost something.
    pub(super) fn missed(&self, users: impl Iterator<Item = UserId>) {
        let mut crowd = self.lock();
        let Crowd { people, missed, .. } = &mut *crowd;
        missed.extend(users.filter(|user| people.contains_key(user)));
    }

    /// Those for whom this was noted since it was last asked.
    pub(super) fn take_missed(&self) -> Vec<UserId> {
        mem::take(&mut self.lock().missed).into_iter().collect()
    }

    /// Everybody who is here.
    pub(super) fn all(&self) -> Vec<UserId> {
        self.lock().people.keys().copied().collect()
    }

    /// The connections of these people.
    pub(super) fn connections(&self, users: &[UserId]) -> Vec<(UserId, Connections)> {
        let crowd = self.lock();
        let here = |user: &UserId| Some((*user, crowd.people.get(user)?.connections.clone()));
        users.iter().filter_map(here).collect()
    }

    /// A person's connections as they are now. They are spoken to without the lock.
    pub(super) fn of(&self, user: UserId) -> Connections {
        self.lock().people.get(&user).map(|person| person.connections.clone()).unwrap_or_default()
    }

    /// As [`People::of`], for an event of a session; nobody when they were told it before.
    pub(super) fn of_event(&self, user: UserId, event: &RecordedEvent) -> Connections {
        let mut crowd = self.lock();
        let Some(person) = crowd.people.get_mut(&user) else { return Vec::new() };
        if person.has_heard(event) {
            return Vec::new();
        }
        if person.heard.len() == HEARD {
            person.heard.pop_front();
        }
        person.heard.push_back((event.session_id, event.position, sweep::now()));
        person.connections.clone()
    }

    /// Whether a person is here and was not told an event that was made then.
    pub(super) fn lacks(&self, user: UserId, event: &RecordedEvent, made: Uuid) -> bool {
        let crowd = self.lock();
        let lacks = |person: &Person| made > person.floor && person.heard.len() < HEARD && !person.has_heard(event);
        crowd.people.get(&user).is_some_and(lacks)
    }

    /// Tells a person what the bus brought, unless they know.
    pub(super) fn tell(&self, signal: &PersonalSignal, counts: &Counts) {
        let connections = {
            let mut crowd = self.lock();
            let Some(person) = crowd.people.get_mut(&signal.user) else { return };
            if id_of(&signal.data).is_some_and(|id| !person.is_new(id)) {
                return;
            }
            person.connections.clone()
        };
        let Ok(payload) = RawValue::from_string((*signal.data).to_owned()) else { return };
        tell_all(&connections, &Arc::new(Announcement::lasting(signal.kind.as_str(), payload)), counts);
    }

    /// Tells a person what a sweep found, unless they know; `true` when they did not.
    pub(super) fn tell_found(
        &self,
        user: UserId,
        id: Uuid,
        counts: &Counts,
        announce: impl FnOnce() -> Announcement,
    ) -> bool {
        let connections = {
            let mut crowd = self.lock();
            let Some(person) = crowd.people.get_mut(&user) else { return false };
            if id <= person.floor || !person.is_new(id) {
                return false;
            }
            person.connections.clone()
        };
        tell_all(&connections, &Arc::new(announce()), counts);
        counts.swept.one();
        true
    }

    /// Forgets what no sweep finds any more.
    pub(super) fn forget(&self, until: Uuid) {
        // It was logged before it was told; by how much the clocks of two nodes differ is not known.
        let heard_until = sweep::long_before(until);
        for person in self.lock().people.values_mut() {
            while person.heard.front().is_some_and(|(_, _, told)| *told <= heard_until) {
                person.heard.pop_front();
            }
            while person.told.first().is_some_and(|id| *id <= until) {
                person.told.pop_first();
            }
        }
    }

    /// Ends the connections of a login; gives how many there were.
    pub(super) fn login_ended(&self, user: UserId, login: LoginId) -> usize {
        let connections = self.of(user);
        let mut ended = 0;
        for (_, outlet) in &connections {
            ended += usize::from(outlet.login() == login);
            outlet.login_ended(login);
        }
        ended
    }

    fn lock(&self) -> MutexGuard<'_, Crowd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id of what a person is told of.
fn id_of(data: &str) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Named {
        id: Uuid,
    }
    serde_json::from_str(data).ok().map(|Named { id }| id)
}

fn tell_all(connections: &Connections, announcement: &Arc<Announcement>, counts: &Counts) {
    for (_, outlet) in connections {
        tell(&**outlet, announcement, counts);
    }
}

/// Tells a connection something that it cannot miss: a reader too slow for it is cut, and reads afresh when it is back.
pub(super) fn tell(outlet: &dyn Outlet, announcement: &Arc<Announcement>, counts: &Counts) {
    if outlet.tell(announcement).is_ok() {
        counts.personal.one();
    } else {
        counts.refused.one();
        tracing::info!(event = announcement.name(), "a reader too slow for what is for its person was cut off");
        outlet.cut();
    }
}
