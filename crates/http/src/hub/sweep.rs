//! Looks in the database for what the bus lost of what is for people: invitations, notifications and ends of logins.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rondo_domain::{
    InvitationId, LoginId, NotificationId, UserId,
    event::PersonalKind,
    page::Limit,
    store::{PersonalLog, StoreError},
};
use rondo_wire::view::{InvitationView, NotificationView};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use super::{Announcement, counts::Counts, people::People};

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
    Uuid::from_u128(since_epoch.as_millis() << 80) // a UUIDv7 begins with 48 bits of milliseconds
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
