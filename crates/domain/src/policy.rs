//! The rule book: who may do what inside a session. Asked by services alone; surfaces only say who is calling.

use serde::{Deserialize, Serialize};

use crate::invalid::Reason;

/// A member's role in a session, highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Does everything.
    Owner,
    /// Keeps order.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads.
    Viewer,
}

impl Role {
    /// Every role, highest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Moderator, Self::Member, Self::Viewer];

    /// The public word for this role.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Moderator => "moderator",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }

    /// Whether this role stands above the other.
    #[must_use]
    pub fn outranks(self, other: Self) -> bool {
        let rank = |role| Self::ALL.into_iter().position(|known| known == role);
        rank(self) < rank(other)
    }

    /// Reads the public word.
    ///
    /// # Errors
    /// `invalid_value` when it names no role.
    pub fn parse(word: &str) -> Result<Self, Reason> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| Reason::new("invalid_value", "must be one of owner, moderator, member, viewer"))
    }
}

/// What somebody wants to do inside a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read messages, events, members and presence; hear the room; leave it.
    Read,
    /// Write messages, edit and delete one's own, show that one is typing.
    Write,
    /// Delete what others wrote.
    DeleteOthers,
    /// See who is invited.
    ReadInvitations,
    /// Invite somebody into this role, or take such an invitation back, whoever sent it.
    Invite(Role),
    /// Remove a member of this role.
    Remove(Role),
    /// Give a member of the first role the second one.
    ChangeRole(Role, Role),
    /// Change the session's name, description, looks or visibility.
    Update,
    /// Delete the session.
    Close,
}

/// Whether a role may do an action. That a session keeps its last owner is no matter of roles; services see to it.
#[must_use]
pub const fn allows(role: Role, action: Action) -> bool {
    use {Action as A, Role as R};
    match (role, action) {
        (_, A::Invite(R::Owner)) => false, // ownership is handed on to members
        (R::Owner, _)
        | (
            R::Moderator,
            A::Read
            | A::Write
            | A::DeleteOthers
            | A::ReadInvitations
            | A::Invite(R::Member | R::Viewer)
            | A::Remove(R::Member | R::Viewer),
        )
        | (R::Member, A::Read | A::Write)
        | (R::Viewer, A::Read) => true,
        (R::Moderator | R::Member | R::Viewer, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_action() -> Vec<Action> {
        use Action as A;
        let mut actions = vec![A::Read, A::Write, A::DeleteOthers, A::ReadInvitations];
        actions.extend(Role::ALL.map(A::Invite));
        actions.extend(Role::ALL.map(A::Remove));
        actions.extend(Role::ALL.into_iter().flat_map(|from| Role::ALL.map(|to| A::ChangeRole(from, to))));
        actions.extend([A::Update, A::Close]);
        actions
    }

    /// The reviewed table: what each role may do.
    #[test]
    fn the_table_is_as_reviewed() {
        let allowed = |role| {
            let actions = every_action().into_iter().filter(|action| allows(role, *action));
            actions.map(|action| format!("{action:?}")).collect::<Vec<_>>()
        };
        let all_but_inviting_owners: Vec<_> = every_action()
            .into_iter()
            .filter(|action| *action != Action::Invite(Role::Owner))
            .map(|action| format!("{action:?}"))
            .collect();
        assert_eq!(allowed(Role::Owner), all_but_inviting_owners);
        assert_eq!(
            allowed(Role::Moderator),
            [
                "Read",
                "Write",
                "DeleteOthers",
                "ReadInvitations",
                "Invite(Member)",
                "Invite(Viewer)",
                "Remove(Member)",
                "Remove(Viewer)"
            ]
        );
        assert_eq!(allowed(Role::Member), ["Read", "Write"]);
        assert_eq!(allowed(Role::Viewer), ["Read"]);
    }

    #[test]
    fn a_role_reads_back_from_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Ok(role));
        }
        assert_eq!(Role::parse("Owner").unwrap_err().code, "invalid_value");
    }
}
