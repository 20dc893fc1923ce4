//! The rows of what is for people, in memory.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use rondo_domain::{
    Clock as _, InvitationId, LoginId, NotificationId, SessionId, Timestamp, UserId,
    bus::{PersonalSignal, Signal},
    clock::SystemClock,
    event::{PersonalKind, RecordedEvent},
    invitation::{Invitation, Status},
    notification::StoredNotification,
    page::Limit,
    policy::Role,
    store::{Acceptance, PersonalLog, StoreError},
};
use rondo_wire::view::{InvitationView, NotificationView};

use super::user;

/// What people were told of, and whose logins were cut.
#[derive(Default)]
pub(super) struct Rows {
    notifications: Mutex<Vec<(UserId, StoredNotification)>>,
    invitations: Mutex<Vec<(UserId, Invitation)>>,
    acceptances: Mutex<Vec<Acceptance>>,
    cut: Mutex<HashSet<LoginId>>,
}

impl Rows {
    /// A new notification, and the signal that tells of it.
    pub(super) fn notify(&self, user: UserId) -> (NotificationId, Signal) {
        let id = NotificationId::generate();
        let (kind, data, created_at) = ("mention".to_owned(), "{}".to_owned(), SystemClock.now());
        let stored = StoredNotification { id, kind, data, read_at: None, created_at };
        let data = serde_json::to_string(&NotificationView::from(&stored)).unwrap().into();
        self.notifications.lock().unwrap().push((user, stored));
        let signal = PersonalSignal { user, kind: PersonalKind::NotificationCreate, data };
        (id, Signal::Personal(Arc::new(signal)))
    }

    /// A new invitation, and the signal that tells of it.
    pub(super) fn invite(&self, invited: UserId) -> (InvitationId, Signal) {
        let invitation = Invitation {
            id: InvitationId::generate(),
            session_id: SessionId::generate(),
            session_name: "Fulbito".to_owned(),
            inviter: user(),
            email: "grace@example.org".to_owned(),
            role: Role::Member,
            status: Status::Pending,
            expires_at: SystemClock.now(),
            created_at: SystemClock.now(),
        };
        let id = invitation.id;
        let data = serde_json::to_string(&InvitationView::from(&invitation)).unwrap().into();
        self.invitations.lock().unwrap().push((invited, invitation));
        let signal = PersonalSignal { user: invited, kind: PersonalKind::InvitationCreate, data };
        (id, Signal::Personal(Arc::new(signal)))
    }

    /// An acceptance that concerns somebody, and the signal that tells of it.
    pub(super) fn accept(&self, user: UserId, event: &Arc<RecordedEvent>) -> Signal {
        let acceptance = Acceptance { user, at: SystemClock.now(), event: (**event).clone() };
        self.acceptances.lock().unwrap().push(acceptance);
        Signal::EventFor(Arc::from([user]), Arc::clone(event))
    }

    /// A login is no longer in force.
    pub(super) fn cut(&self, login: LoginId) {
        self.cut.lock().unwrap().insert(login);
    }
}

fn found<T: Clone>(
    rows: &Mutex<Vec<(UserId, T)>>,
    limit: Limit,
    wanted: impl Fn(UserId, &T) -> bool,
) -> Vec<(UserId, T)> {
    let rows = rows.lock().unwrap();
    rows.iter().filter(|(user, row)| wanted(*user, row)).take(limit.get()).cloned().collect()
}

#[async_trait]
impl PersonalLog for Rows {
    async fn notified(
        &self,
        users: &[UserId],
        after: NotificationId,
        limit: Limit,
    ) -> Result<Vec<(UserId, StoredNotification)>, StoreError> {
        Ok(found(&self.notifications, limit, |user, row| users.contains(&user) && row.id > after))
    }

    async fn invited(
        &self,
        users: &[UserId],
        after: InvitationId,
        limit: Limit,
    ) -> Result<Vec<(UserId, Invitation)>, StoreError> {
        Ok(found(&self.invitations, limit, |user, row| users.contains(&user) && row.id > after))
    }

    async fn accepted(&self, users: &[UserId], since: Timestamp, limit: Limit) -> Result<Vec<Acceptance>, StoreError> {
        let rows = self.acceptances.lock().unwrap();
        let wanted = rows.iter().filter(|row| users.contains(&row.user) && row.at >= since);
        Ok(wanted.take(limit.get()).cloned().collect())
    }

    async fn live_logins(&self, logins: &[LoginId]) -> Result<Vec<LoginId>, StoreError> {
        let cut = self.cut.lock().unwrap();
        Ok(logins.iter().filter(|login| !cut.contains(login)).copied().collect())
    }
}
