//! A lasting event as the seats of a room hear it.

use std::sync::Arc;

use rondo_domain::{
    UserId,
    event::{EventKind, Position, RecordedEvent},
};
use rondo_wire::live_payload;

use super::Announcement;

/// A lasting event ready for the wire, encoded once per node.
#[derive(Debug)]
pub(super) struct LiveEvent {
    /// What the log holds.
    recorded: Arc<RecordedEvent>,
    /// What clients get: the data with `position` beside it.
    announcement: Announcement,
}

impl LiveEvent {
    pub(super) fn new(recorded: Arc<RecordedEvent>) -> Self {
        let announcement = Announcement::lasting(recorded.kind.as_str(), live_payload(&recorded));
        Self { recorded, announcement }
    }

    pub(super) fn position(&self) -> Position {
        self.recorded.position
    }

    /// What the log holds.
    pub(super) const fn recorded(&self) -> &Arc<RecordedEvent> {
        &self.recorded
    }

    /// What clients get.
    pub(super) const fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// Whether this is the last thing that `user` hears of the session.
    pub(super) fn ends_for(&self, user: UserId) -> bool {
        match self.recorded.kind {
            EventKind::SessionDelete => true,
            EventKind::MemberRemove => self.recorded.subject == Some(user.0),
            EventKind::MessageCreate
            | EventKind::MessageUpdate
            | EventKind::MessageDelete
            | EventKind::SessionUpdate
            | EventKind::MemberUpdate
            | EventKind::InvitationAccept => false,
        }
    }
}
