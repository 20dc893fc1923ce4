//! The shape of an answer: the fields that were selected, each once, in the order of the request. The executor gives them in
//! the order in which they were done, and `null` for an object of which everything was skipped.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{
        Directive, DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition,
        OperationType, Selection, SelectionSet,
    },
};

/// The name of a field that is asked for where nothing else is left to ask; nobody is told it.
const NOTHING: &str = "__nothing";

/// What is shown of an object, in its order. A value of which nothing is selected is shown as it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    fields: Vec<(Name, Shape)>,
    is_object: bool,
}

impl Shape {
    /// That of an operation which fits the schema. As no type of it is abstract, every fragment applies.
    pub(crate) fn of(document: &ExecutableDocument, meant: &OperationDefinition, variables: &Variables) -> Self {
        let mut shape = Self::default();
        shape.show(&meant.selection_set.node, document, variables);
        shape
    }

    fn show(&mut self, set: &SelectionSet, document: &ExecutableDocument, variables: &Variables) {
        self.is_object |= !set.items.is_empty();
        for selected in set.items.iter().filter(|selected| !is_skipped(selected.node.directives(), variables)) {
            match &selected.node {
                Selection::Field(field) => {
                    let key = &field.node.response_key().node;
                    if key == NOTHING {
                        continue;
                    }
                    let at = self.fields.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
                        self.fields.push((key.clone(), Self::default()));
                        self.fields.len() - 1
                    });
                    self.fields[at].1.show(&field.node.selection_set.node, document, variables);
                }
                Selection::InlineFragment(fragment) => {
                    self.show(&fragment.node.selection_set.node, document, variables);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                        self.show(&fragment.node.selection_set.node, document, variables);
                    }
                }
            }
        }
    }

    /// Gives a value this shape. What is not there is `null`: it failed.
    pub(crate) fn give(&self, value: &mut Value) {
        match value {
            Value::List(items) if self.is_object => items.iter_mut().for_each(|item| self.give(item)),
            Value::Object(fields) if self.is_object => {
                for (at, (key, shape)) in self.fields.iter().enumerate() {
                    // Most stand in their place already.
                    if fields.get_index(at).is_none_or(|(found, _)| found != key) {
                        let from = fields.get_index_of(key).unwrap_or_else(|| {
                            fields.insert(key.clone(), Value::Null);
                            fields.len() - 1
                        });
                        fields.swap_indices(from, at);
                    }
                    if let Some((_, value)) = fields.get_index_mut(at) {
                        shape.give(value);
                    }
                }
                fields.truncate(self.fields.len());
            }
            _ => {}
        }
    }
}

/// Whether `@skip` or `@include` leaves something out.
fn is_skipped(directives: &[Positioned<Directive>], variables: &Variables) -> bool {
    directives.iter().any(|Positioned { node: directive, .. }| {
        let wanted = match directive.name.node.as_str() {
            "skip" => false,
            "include" => true,
            _ => return false,
        };
        let value = directive.get_argument("if").map(|value| value.node.clone());
        let value = value.map(|value| value.into_const_with(|name| variables.get(&name).cloned().ok_or(())));
        matches!(value, Some(Ok(Value::Boolean(given))) if given != wanted)
    })
}

/// Has something asked for wherever everything is skipped: so the executor tells an empty object from one that is not there.
pub(crate) fn fill_gaps(document: &mut ExecutableDocument, variables: &Variables) {
    let shown = Shown::of(document, variables);
    document.fragments.values_mut().for_each(|fragment| shown.fill_below(&mut fragment.node.selection_set.node));
    let fill = |Positioned { node: operation, .. }: &mut Positioned<OperationDefinition>| match operation.ty {
        // It must not begin with anything else than what is to be heard.
        OperationType::Subscription => shown.fill_below(&mut operation.selection_set.node),
        OperationType::Query | OperationType::Mutation => shown.fill(&mut operation.selection_set.node),
    };
    match &mut document.operations {
        DocumentOperations::Single(operation) => fill(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().for_each(fill),
    }
}

/// Which fragments show anything at all.
struct Shown<'v> {
    fragments: HashSet<Name>,
    variables: &'v Variables,
}

impl<'v> Shown<'v> {
    fn of(document: &ExecutableDocument, variables: &'v Variables) -> Self {
        let mut shown = Self { fragments: HashSet::new(), variables };
        // One that stands in itself is not met again, as it would be in a descent.
        loop {
            let is_new = |(name, fragment): &(&Name, &Positioned<FragmentDefinition>)| {
                !shown.fragments.contains(*name) && shown.anything(&fragment.node.selection_set.node)
            };
            let more: Vec<_> = document.fragments.iter().filter(is_new).map(|(name, _)| name.clone()).collect();
            if more.is_empty() {
                return shown;
            }
            shown.fragments.extend(more);
        }
    }

    fn anything(&self, set: &SelectionSet) -> bool {
        let shows = |selected: &Positioned<Selection>| match &selected.node {
            Selection::Field(_) => true,
            Selection::InlineFragment(fragment) => self.anything(&fragment.node.selection_set.node),
            Selection::FragmentSpread(spread) => self.fragments.contains(&spread.node.fragment_name.node),
        };
        set.items.iter().any(|selected| !is_skipped(selected.node.directives(), self.variables) && shows(selected))
    }

    fn fill(&self, set: &mut SelectionSet) {
        if !self.anything(set) {
            let pos = set.items.first().map(|first| first.pos).unwrap_or_default();
            let name = |name| Positioned::new(Name::new(name), pos);
            let selection_set = Positioned::new(SelectionSet::default(), pos);
            let (alias, name) = (Some(name(NOTHING)), name("__typename"));
            let field = Field { alias, name, arguments: Vec::new(), directives: Vec::new(), selection_set };
            set.items.push(Positioned::new(Selection::Field(Positioned::new(field, pos)), pos));
        }
        self.fill_below(set);
    }

    fn fill_below(&self, set: &mut SelectionSet) {
        for selected in &mut set.items {
            match &mut selected.node {
                Selection::Field(field) if !field.node.selection_set.node.items.is_empty() => {
                    self.fill(&mut field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => self.fill_below(&mut fragment.node.selection_set.node),
                Selection::Field(_) | Selection::FragmentSpread(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{parser::parse_query, value};
    use serde_json::json;

    use super::*;
    use crate::document::operation;

    fn shape(query: &str, variables: serde_json::Value) -> Shape {
        let document = parse_query(query).unwrap();
        Shape::of(&document, operation(&document, None).unwrap(), &Variables::from_json(variables))
    }

    fn given(query: &str, mut value: Value) -> String {
        shape(query, json!({})).give(&mut value);
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn fields_stand_once_in_the_order_in_which_they_were_first_selected() {
        let query = "{ b a { y } c: a { z } ...F a { x y } } fragment F on Query { ... { d } b }";
        let value = value!({"d": 4, "c": null, "a": [{"x": 1, "y": {"z": 3}}, null], "b": {"b": 1, "a": 2}});
        assert_eq!(given(query, value), r#"{"b":{"b":1,"a":2},"a":[{"y":{"z":3},"x":1},null],"c":null,"d":4}"#);
    }

    #[test]
    fn what_failed_is_null_in_its_place_and_what_was_not_asked_is_told_to_nobody() {
        assert_eq!(
            given("{ a b { c d } e }", value!({"e": 1, "b": {"d": 1}})),
            r#"{"a":null,"b":{"c":null,"d":1},"e":1}"#
        );
        assert_eq!(given("{ a { b @skip(if: true) } }", value!({"a": {"__nothing": "A"}})), r#"{"a":{}}"#);
        assert_eq!(given("{ a @skip(if: true) }", value!({"__nothing": "Query"})), "{}");
    }

    #[test]
    fn only_what_shows_nothing_is_filled() {
        for (query, gaps) in [
            ("{ a { b } }", 0),
            ("{ a { b @skip(if: $no) c @skip(if: $yes) } }", 0),
            ("{ a { b @skip(if: $yes) } c { ...F } } fragment F on C { d @include(if: $no) }", 2),
            ("{ a { ...F b @skip(if: true) } } fragment F on A { ...G } fragment G on A { ... { c } }", 0),
            ("{ a { ...F } b { ...H } } fragment F on A { ...G } fragment G on A { ...F } fragment H on B { ...I }", 2),
            ("{ ... @skip(if: true) { a { b @skip(if: true) } } }", 2),
            ("subscription { a @skip(if: true) { b @skip(if: true) } }", 1),
        ] {
            let mut document = parse_query(query).unwrap();
            fill_gaps(&mut document, &Variables::from_json(json!({"yes": true, "no": false})));
            assert_eq!(format!("{document:?}").matches(NOTHING).count(), gaps, "{query}");
        }
    }
}
