//! One operation out of a document of several.

use std::collections::HashSet;

use async_graphql::{
    Name,
    parser::types::{DocumentOperations, ExecutableDocument, Selection, SelectionSet},
};

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
