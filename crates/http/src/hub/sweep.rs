//! Looks in the database for what the bus lost of what is for people: invitations and their acceptances, notifications,
//! and ends of logins.

use std::{
    collections::HashSet,
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};

use rondo_domain::{
    InvitationId, LoginId, NotificationId, Timestamp, UserId,
    event::{PersonalKind, RecordedEvent},
    page::Limit,
    store::{Acceptance, PersonalLog, StoreError},
};
use rondo_wire::view::{InvitationView, NotificationView};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{Announcement, counts::Counts, people::People, shard::Command, shard_index};

/// How far back a sweep looks before the last one: what was made then may have been committed after it, and the clocks of
/// the nodes differ.
const OVERLAP: Duration = Duration::from_secs(30);
/// How far back somebody who just connected is told of: they may have read their lists while it was being committed.
const BEFORE_COMING: Duration = Duration::from_secs(10);
/// How many people, or logins, one query asks for.
const AT_ONCE: usize = 512;
/// How many pages are read of what those people were told; the next sweep finds the rest.
const PAGES: usize = 8;

/// What was made `ago` or longer sorts before this.
fn made_before(ago: Duration) -> Uuid {
    let moment = SystemTime::now() - ago;
    let since_epoch = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    made_at(since_epoch.as_millis())
}

/// What was made from this moment on, in milliseconds since 1970, sorts after this.
fn made_at(millis: u128) -> Uuid {
    Uuid::from_u128(millis << 80) // a UUIDv7 begins with 48 bits of milliseconds
}

/// The moment of an id.
fn moment_of(id: Uuid) -> Timestamp {
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or(0);
    Timestamp::from_timestamp_millis(millis).unwrap_or_default()
}

/// What is made from now on sorts after this.
pub(super) fn now() -> Uuid {
    made_before(Duration::ZERO)
}

/// As much earlier as a sweep looks back.
pub(super) fn long_before(id: Uuid) -> Uuid {
    made_at((id.as_u128() >> 80).saturating_sub(OVERLAP.as_millis()))
}

/// From where on somebody who comes now is told what a sweep finds.
pub(super) fn floor_of_coming() -> Uuid {
    made_before(BEFORE_COMING)
}

/// What the sweep stands on.
pub(super) struct PersonalSweep {
    pub(super) log: Arc<dyn PersonalLog>,
    pub(super) people: Arc<People>,
    pub(super) counts: Arc<Counts>,
    pub(super) every: Duration,
    /// Those who know who is in which room. Weak: they end with the last way into the hub.
    pub(super) shards: Weak<[mpsc::Sender<Command>]>,
}

impl PersonalSweep {
    /// Sweeps at every tick for all, and when woken for those who may have missed something, until the last waker is
    /// dropped.
    pub(super) async fn run(self, mut woken: mpsc::Receiver<()>) {
        let mut tick = interval(self.every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut from = made_before(OVERLAP);
        loop {
            let all = tokio::select! {
                _ = tick.tick() => true,
                woken = woken.recv() => match woken {
                    Some(()) => false,
                    None => return,
                },
            };
            let users = if all { self.people.all() } else { self.people.take_missed() };
            let next = made_before(OVERLAP);
            match self.look(&users, from).await {
                Ok(()) if all => {
                    self.people.forget(from);
                    from = next;
                }
                Ok(()) => {}
                // From the same place again, at the next tick.
                Err(error) => tracing::warn!(error.cause = %error, "what is for people could not be looked for"),
            }
        }
    }

    async fn look(&self, users: &[UserId], from: Uuid) -> Result<(), StoreError> {
        for users in users.chunks(AT_ONCE) {
            self.find_notifications(users, from).await?;
            self.find_invitations(users, from).await?;
            self.find_acceptances(users, from).await?;
            self.find_ended(users).await?;
        }
        Ok(())
    }

    async fn find_notifications(&self, users: &[UserId], from: Uuid) -> Result<(), StoreError> {
        let mut after = NotificationId(from);
        for _ in 0..PAGES {
            let found = self.log.notified(users, after, Limit::EVENTS_MAX).await?;
            for (user, stored) in &found {
                after = stored.id;
                self.tell(*user, stored.id.0, PersonalKind::NotificationCreate, || NotificationView::from(stored));
            }
            if found.len() < Limit::EVENTS_MAX.get() {
                break;
            }
        }
        Ok(())
    }

    async fn find_invitations(&self, users: &[UserId], from: Uuid) -> Result<(), StoreError> {
        let mut after = InvitationId(from);
        for _ in 0..PAGES {
            let found = self.log.invited(users, after, Limit::EVENTS_MAX).await?;
            for (user, invitation) in &found {
                after = invitation.id;
                self.tell(*user, invitation.id.0, PersonalKind::InvitationCreate, || InvitationView::from(invitation));
            }
            if found.len() < Limit::EVENTS_MAX.get() {
                break;
            }
        }
        Ok(())
    }

    async fn find_acceptances(&self, users: &[UserId], from: Uuid) -> Result<(), StoreError> {
        let mut since = moment_of(from);
        for _ in 0..PAGES {
            let found = self.log.accepted(users, since, Limit::EVENTS_MAX).await?;
            let last = found.last().map(|found| found.at).filter(|_| found.len() == Limit::EVENTS_MAX.get());
            for Acceptance { user, at, event } in found {
                let made = made_at(u128::try_from(at.timestamp_millis()).unwrap_or(0));
                if self.people.lacks(user, &event, made) {
                    self.counts.swept.one();
                    self.hint(user, event);
                }
            }
            match last {
                Some(last) if last > since => since = last, // those of that very moment are read again
                _ => break,
            }
        }
        Ok(())
    }

    /// As the bus would have: whoever is in the room hears it there.
    fn hint(&self, user: UserId, event: RecordedEvent) {
        if let Some(shards) = self.shards.upgrade() {
            let shard = &shards[shard_index(event.session_id, shards.len())];
            // With a full inbox the next sweep finds it again.
            let _later = shard.try_send(Command::HintFor(Arc::from([user]), Arc::new(event)));
        }
    }

    async fn find_ended(&self, users: &[UserId]) -> Result<(), StoreError> {
        let connections = self.people.connections(users);
        let here = |(user, connections): &(UserId, super::people::Connections)| {
            let user = *user;
            connections.iter().map(move |(_, outlet)| (user, outlet.login())).collect::<Vec<_>>()
        };
        let logins: HashSet<(UserId, LoginId)> = connections.iter().flat_map(here).collect();
        let logins: Vec<_> = logins.into_iter().collect();
        for logins in logins.chunks(AT_ONCE) {
            let ids: Vec<_> = logins.iter().map(|(_, login)| *login).collect();
            let live: HashSet<_> = self.log.live_logins(&ids).await?.into_iter().collect();
            for (user, login) in logins.iter().filter(|(_, login)| !live.contains(login)) {
                self.counts.swept.one();
                self.people.login_ended(*user, *login);
            }
        }
        Ok(())
    }

    fn tell<T: Serialize>(&self, user: UserId, id: Uuid, kind: PersonalKind, view: impl FnOnce() -> T) {
        let announce = || {
            let payload = to_raw_value(&view()).unwrap_or_else(|_| RawValue::NULL.to_owned());
            Announcement::lasting(kind.as_str(), payload)
        };
        self.people.tell_found(user, id, &self.counts, announce);
    }
}
