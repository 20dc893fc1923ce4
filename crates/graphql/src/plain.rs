//! Queries that show no more than what REST keeps for a moment: they may be answered as their viewer was answered just now.

use async_graphql::{
    Positioned,
    parser::types::{OperationDefinition, OperationType, Selection, SelectionSet},
};
use aws_lc_rs::digest::{Context, SHA256};

use crate::{
    document::{as_hash, hash_of, operation},
    engine::{Ask, Batch, GraphQl},
};

/// What an answer is called among its viewer's: equal for requests that have the same answer.
pub type PlainKey = [u8; 32];

/// What one may begin with.
const ROOTS: [&str; 4] = ["me", "sessions", "notifications", "__typename"];
/// The arguments of these: of the first page alone.
const ARGUMENTS: [&str; 2] = ["first", "unread"];
/// What may be looked into. Whatever is loaded for a node by itself (members, messages, presence …) is not among them.
const NESTED: [&str; 4] = ["edges", "node", "nodes", "pageInfo"];

impl GraphQl {
    /// The key of a request that is one plain query, and was run before; `None` for every other.
    pub async fn plain(&self, batch: &Batch) -> Option<PlainKey> {
        let Batch::One(ask) = batch else { return None };
        let Ask { query, operation_name, variables, extensions } = &**ask;
        if extensions.as_ref().is_some_and(|extensions| !extensions.is_empty()) {
            return None;
        }
        let hash = hash_of(query.as_deref()?);
        let document = self.documents.find(&hash).await?;
        let meant = operation(&document, operation_name.as_deref()).ok()?;
        if !is_plain(meant) {
            return None;
        }
        let mut digest = Context::new(&SHA256);
        digest.update(&hash);
        digest.update(operation_name.as_deref().unwrap_or_default().as_bytes());
        digest.update(b"\0");
        digest.update(&serde_json::to_vec(variables).ok()?);
        Some(as_hash(&digest.finish()))
    }
}

fn is_plain(meant: &OperationDefinition) -> bool {
    let root = |selected: &Positioned<Selection>| {
        let Selection::Field(Positioned { node: field, .. }) = &selected.node else { return false };
        ROOTS.contains(&field.name.node.as_str())
            && field.directives.is_empty()
            && field.arguments.iter().all(|(name, _)| ARGUMENTS.contains(&name.node.as_str()))
            && shows_itself(&field.selection_set.node)
    };
    meant.ty == OperationType::Query && meant.directives.is_empty() && meant.selection_set.node.items.iter().all(root)
}

/// Whether nothing is selected but what lies in the row.
fn shows_itself(selected: &SelectionSet) -> bool {
    selected.items.iter().all(|selected| {
        let Selection::Field(Positioned { node: field, .. }) = &selected.node else { return false };
        let nested = &field.selection_set.node;
        field.directives.is_empty()
            && field.arguments.is_empty()
            && (nested.items.is_empty() || NESTED.contains(&field.name.node.as_str()) && shows_itself(nested))
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn plain(query: &str) -> bool {
        let document = parse_query(query).unwrap();
        is_plain(operation(&document, None).unwrap())
    }

    #[test]
    fn only_what_rest_keeps_for_a_moment_is_plain() {
        for query in [
            "{ me { id displayName email } }",
            "query Mine($n: Int) { sessions(first: $n) { nodes { id name unreadCount } pageInfo { endCursor } } }",
            "{ all: sessions { edges { cursor node { id } } } notifications(unread: true) { unreadCount nodes { data } } }",
        ] {
            assert!(plain(query), "{query}");
        }
        for query in [
            "mutation { readAllNotifications { unreadCount } }",
            "subscription { notificationCreated { id } }",
            "{ session(id: 1) { name } }",
            "{ publicSessions { nodes { id } } }",
            "{ sessions(after: \"x\") { nodes { id } } }",
            "{ sessions(last: 3) { nodes { id } } }",
            "{ sessions { nodes { members { totalCount } } } }",
            "{ sessions { nodes { messages(first: 1) { nodes { id } } } } }",
            "{ sessions { ...S } } fragment S on SessionConnection { nodes { presence { presenceCount } } }",
            "{ ... on Query { sessions { nodes { id } } } }",
            "{ sessions { nodes { id name @include(if: true) } } }",
            "{ __schema { types { name } } }",
        ] {
            assert!(!plain(query), "{query}");
        }
    }
}
