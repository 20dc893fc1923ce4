//! Who types.

use async_graphql::SimpleObject;
use serde::Deserialize;

use super::User;
use crate::scalar::Id;

/// That somebody types, or stopped.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct TypingChange {
    /// Where.
    session_id: Id,
    /// Who.
    user: User,
    /// Whether they type; who neither types on nor stops is told of as stopping after 5 s.
    typing: bool,
}

/// Somebody in a session, as the other surfaces tell of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Somebody {
    pub(crate) session_id: Id,
    pub(crate) user: User,
}

impl TypingChange {
    pub(crate) fn of(Somebody { session_id, user }: Somebody, typing: bool) -> Self {
        Self { session_id, user, typing }
    }
}
