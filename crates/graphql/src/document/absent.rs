//! Variables without a value. What would hold one is left out, as the specification has it (Coercing Field Arguments, Input
//! Objects): it is as if the client had not written it. The executor takes them for `null`, which empties what is there.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, Variables,
    parser::types::{Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet},
};
use async_graphql_value::Value;

use super::alone::alone;

/// The arguments of a field or a directive.
type Arguments = Vec<(Positioned<Name>, Positioned<Value>)>;

/// Gives the variables that were not sent their defaults, and gives those that have neither.
pub(crate) fn complete(meant: &OperationDefinition, variables: &mut Variables) -> HashSet<Name> {
    let mut absent = HashSet::new();
    for Positioned { node: variable, .. } in &meant.variable_definitions {
        let name = &variable.name.node;
        if variables.contains_key(name) {
            continue;
        }
        match &variable.default_value {
            Some(default) => drop(variables.insert(name.clone(), default.node.clone())),
            None => drop(absent.insert(name.clone())),
        }
    }
    absent
}

/// The document with the operation of this name alone, without what would hold one of the `absent` variables; these are
/// not declared any more, unless they were of no use.
pub(crate) fn without(document: &ExecutableDocument, name: Option<&str>, absent: &HashSet<Name>) -> ExecutableDocument {
    // What other operations declare and need is not looked at: it would miss what is left out for the one that is meant.
    let mut document = alone(document, name);
    let mut eraser = Eraser { absent, met: HashSet::new() };
    for fragment in document.fragments.values_mut() {
        eraser.directives(&mut fragment.node.directives);
        eraser.set(&mut fragment.node.selection_set.node);
    }
    let erase = |operation: &mut OperationDefinition| {
        eraser.directives(&mut operation.directives);
        eraser.set(&mut operation.selection_set.node);
        operation.variable_definitions.retain(|variable| !eraser.met.contains(&variable.node.name.node));
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => [operation].into_iter().map(|one| &mut one.node).for_each(erase),
        DocumentOperations::Multiple(operations) => operations.values_mut().map(|one| &mut one.node).for_each(erase),
    }
    document
}

struct Eraser<'a> {
    absent: &'a HashSet<Name>,
    /// Those of which something was left out.
    met: HashSet<Name>,
}

impl Eraser<'_> {
    fn set(&mut self, set: &mut SelectionSet) {
        for selected in &mut set.items {
            self.directives(selected.node.directives_mut());
            match &mut selected.node {
                Selection::Field(field) => {
                    self.arguments(&mut field.node.arguments);
                    self.set(&mut field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => self.set(&mut fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn directives(&mut self, directives: &mut [Positioned<Directive>]) {
        for directive in directives {
            self.arguments(&mut directive.node.arguments);
        }
    }

    fn arguments(&mut self, arguments: &mut Arguments) {
        arguments.retain(|(_, value)| !self.is_absent(&value.node));
        for (_, value) in arguments {
            self.value(&mut value.node);
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::List(items) => {
                for item in items {
                    if self.is_absent(item) {
                        *item = Value::Null; // an item has its place
                    } else {
                        self.value(item);
                    }
                }
            }
            Value::Object(fields) => {
                fields.retain(|_, value| !self.is_absent(value));
                fields.values_mut().for_each(|value| self.value(value));
            }
            _ => {}
        }
    }

    fn is_absent(&mut self, value: &Value) -> bool {
        match value {
            Value::Variable(name) if self.absent.contains(name) => {
                self.met.insert(name.clone());
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};

    use super::*;
    use crate::document::operation;

    /// What is left of a document.
    fn left(query: &str, name: Option<&str>, given: &[&str]) -> serde_json::Value {
        let document = parse_query(query).unwrap();
        let mut variables = Variables::default();
        variables.extend(given.iter().map(|name| (Name::new(name), value!(null))));
        let absent = complete(operation(&document, name).unwrap(), &mut variables);
        shown(&without(&document, name, &absent))
    }

    /// Without the places where things stand.
    fn shown(document: &ExecutableDocument) -> serde_json::Value {
        let mut shown = serde_json::to_value(document).unwrap();
        unplace(&mut shown);
        shown
    }

    fn unplace(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                fields.retain(|name, _| name != "pos");
                fields.values_mut().for_each(unplace);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(unplace),
            _ => {}
        }
    }

    #[test]
    fn what_would_hold_a_variable_without_a_value_is_left_out() {
        for (query, expected) in [
            ("query($a: Int, $b: Int) { x(a: $a, b: $b) }", "query($b: Int) { x(b: $b) }"),
            ("query($a: Int, $b: Int) { x(i: {a: $a, b: $b, c: 1}) }", "query($b: Int) { x(i: {b: $b, c: 1}) }"),
            ("query($a: Int) { x(i: [$a, {a: $a}, [$a]]) }", "query { x(i: [null, {}, [null]]) }"),
            ("query($a: Int = 7) { x(a: $a) }", "query($a: Int = 7) { x(a: $a) }"),
            ("query($a: Int) { x }", "query($a: Int) { x }"),
            ("query($a: Int) { x @skip(if: $a) { y(a: $a) } }", "query { x @skip { y } }"),
            (
                "query($a: Int) { ...F ... { z(a: $a) } } fragment F on Q { y(a: $a) }",
                "query { ...F ... { z } } fragment F on Q { y }",
            ),
        ] {
            assert_eq!(left(query, None, &["b"]), shown(&parse_query(expected).unwrap()), "{query}");
        }
    }

    #[test]
    fn of_several_operations_the_one_that_is_meant_is_left() {
        let fragments = "fragment F on Q { x(a: $a) ...G } fragment G on Q { y } fragment H on Q { z ...H }";
        let query = format!("query A($a: Int) {{ ...F }} query B($a: Int!) {{ ...F ...H }} {fragments}");
        let expected = "query A { ...F } fragment F on Q { x ...G } fragment G on Q { y }";
        assert_eq!(left(&query, Some("A"), &[]), shown(&parse_query(expected).unwrap()));
    }
}
