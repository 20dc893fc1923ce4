//! One operation out of a document of several, and what a subscription begins with out of its fragments.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
    },
};

/// The type with whose fields a subscription begins.
const ROOT: &str = "Subscription";

/// The operation of this name, or the only one, with the fragments that it needs.
pub(crate) fn alone(document: &ExecutableDocument, name: Option<&str>) -> ExecutableDocument {
    let mut document = document.clone();
    if let DocumentOperations::Multiple(operations) = &mut document.operations
        && operations.len() > 1
    {
        operations.retain(|known, _| name == Some(known.as_str()));
        let mut spread = Vec::new();
        for operation in operations.values() {
            spreads(&operation.node.selection_set.node, &mut spread);
        }
        let mut reached = HashSet::new();
        while let Some(next) = spread.pop() {
            if reached.insert(next.clone())
                && let Some(fragment) = document.fragments.get(&next)
            {
                spreads(&fragment.node.selection_set.node, &mut spread);
            }
        }
        document.fragments.retain(|known, _| reached.contains(known));
    }
    document
}

/// The fragments that a selection names.
fn spreads(set: &SelectionSet, names: &mut Vec<Name>) {
    for selected in &set.items {
        match &selected.node {
            Selection::Field(field) => spreads(&field.node.selection_set.node, names),
            Selection::InlineFragment(fragment) => spreads(&fragment.node.selection_set.node, names),
            Selection::FragmentSpread(spread) => names.push(spread.node.fragment_name.node.clone()),
        }
    }
}

/// A subscription that begins in a fragment, with its field by itself: the executor looks for it nowhere else. `None` where
/// that is so already, or where directives stand at the fragment. Its fragments must not stand in themselves.
pub(crate) fn rooted(
    document: &ExecutableDocument,
    name: Option<&str>,
    meant: &OperationDefinition,
) -> Option<ExecutableDocument> {
    let is_field = |selected: &Positioned<Selection>| matches!(selected.node, Selection::Field(_));
    if meant.ty != OperationType::Subscription || meant.selection_set.node.items.iter().all(is_field) {
        return None;
    }
    let mut items = Vec::new();
    lift(&meant.selection_set.node, document, &mut items)?;
    let mut document = alone(document, name);
    document.fragments.retain(|_, fragment| fragment.node.type_condition.node.on.node != ROOT);
    let lifted = |operation: &mut Positioned<OperationDefinition>| {
        operation.node.selection_set.node.items.clone_from(&items);
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => lifted(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().for_each(lifted),
    }
    Some(document)
}

fn lift(set: &SelectionSet, document: &ExecutableDocument, items: &mut Vec<Positioned<Selection>>) -> Option<()> {
    for selected in &set.items {
        let (condition, directives, inner) = match &selected.node {
            Selection::Field(_) => {
                items.push(selected.clone());
                continue;
            }
            Selection::InlineFragment(Positioned { node: fragment, .. }) => {
                (fragment.type_condition.as_ref(), &fragment.directives, &fragment.selection_set.node)
            }
            Selection::FragmentSpread(Positioned { node: spread, .. }) => {
                let fragment = &document.fragments.get(&spread.fragment_name.node)?.node;
                if !fragment.directives.is_empty() {
                    return None;
                }
                (Some(&fragment.type_condition), &spread.directives, &fragment.selection_set.node)
            }
        };
        if !directives.is_empty() || condition.is_some_and(|condition| condition.node.on.node != ROOT) {
            return None;
        }
        lift(inner, document, items)?;
    }
    Some(())
}
