//! Comings and goings in a crowd: gathered for a moment and told together.

use std::collections::HashMap;

use rondo_domain::{SessionId, UserId, account::User, presence::Present};
use rondo_wire::presence_diff;

use super::Announcement;

/// From how many people on a room is a crowd.
pub(super) const CROWD: usize = 100;

/// Who came and who went since the crowd was last told.
#[derive(Default)]
pub(super) struct Diff {
    joined: HashMap<UserId, (User, Present)>,
    left: HashMap<UserId, User>,
}

impl Diff {
    pub(super) fn came(&mut self, user: User, present: Present) {
        self.left.remove(&user.id);
        self.joined.insert(user.id, (user, present));
    }

    pub(super) fn went(&mut self, user: User) {
        // Who came and went in the same moment was never told of.
        if self.joined.remove(&user.id).is_none() {
            self.left.insert(user.id, user);
        }
    }

    /// What there is to tell, by the time of the comings; `None` when there is nothing.
    pub(super) fn take(&mut self, session: SessionId) -> Option<Announcement> {
        let Self { joined, left } = std::mem::take(self);
        if joined.is_empty() && left.is_empty() {
            return None;
        }
        let mut joined: Vec<_> = joined.into_values().collect();
        joined.sort_by_key(|(user, present)| (present.since, user.id));
        let mut left: Vec<_> = left.into_values().collect();
        left.sort_by_key(|user| user.id);
        Some(Announcement::passing("presence:diff", presence_diff(session, &joined, &left)))
    }
}
