//! What an operation would cost, before it is run. Each fragment is weighed once, so a document is weighed in the time
//! that it takes to read it, however its fragments stand in each other.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{ExecutableDocument, Field, FragmentDefinition, OperationDefinition, Selection, SelectionSet},
};
use rondo_wire::{ErrorCode, Fault};

use super::limits::{ALIASES, COST, DEPTH, DIRECTIVES, FIELDS, ROOTS, SCHEMA_LISTS};

/// Fields that give a page, how many items it has when nothing is said, the most that it may have, and what it costs
/// beyond its items: a list that no loader gathers asks the database by itself.
const LISTS: [(&str, usize, usize, usize); 9] = [
    ("sessions", 20, 100, 0),
    ("publicSessions", 20, 100, 0),
    ("users", 20, 100, 0),
    ("notifications", 20, 100, 0),
    ("members", 20, 100, 0),
    ("messages", 20, 100, 0),
    ("presence", 20, 100, 0),
    ("invitations", 20, 100, 500),
    ("events", 100, 500, 500),
];

/// The lists in which the schema tells of itself.
const SCHEMA: [&str; 4] = ["fields", "inputFields", "interfaces", "possibleTypes"];

/// The fields by which the schema is asked about itself.
const INTROSPECTION: [&str; 2] = ["__schema", "__type"];

/// What a selection weighs, fragments unfolded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) fields: usize,
    pub(crate) roots: usize,
    pub(crate) cost: usize,
    aliases: usize,
    pub(crate) directives: usize,
    pub(crate) depth: usize,
    schema_lists: usize,
    /// Whether the schema is asked about itself.
    pub(crate) introspects: bool,
}

impl Weight {
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            roots: self.roots.saturating_add(other.roots),
            cost: self.cost.saturating_add(other.cost),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            depth: self.depth.max(other.depth),
            schema_lists: self.schema_lists.max(other.schema_lists),
            introspects: self.introspects || other.introspects,
        }
    }
}

/// Weighs an operation; its variables have their defaults already.
///
/// # Errors
/// `query_too_complex` beyond one of the [`super::limits`], `validation_failed` where a fragment stands in itself.
pub(crate) fn weigh(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<Weight, Fault> {
    let mut scale = Scale { document, variables, fragments: HashMap::new() };
    let mut weight = scale.set(&operation.selection_set.node)?;
    weight.directives = weight.directives.saturating_add(operation.directives.len());
    let limits = [
        (weight.depth, DEPTH, "nested too deep: fields may stand in each other up to"),
        (weight.fields, FIELDS, "too large: its selected fields, fragments unfolded, may be up to"),
        (weight.aliases, ALIASES, "too large: its aliases may be up to"),
        (weight.directives, DIRECTIVES, "too large: its directives may be up to"),
        (weight.roots, ROOTS, "too large: the fields that it begins with may be up to"),
        (weight.cost, COST, "too costly: fields times the sizes of their pages may come up to"),
        (weight.schema_lists, SCHEMA_LISTS - 1, "too curious: lists of the schema may stand in each other up to"),
    ];
    match limits.into_iter().find(|(weight, limit, _)| weight > limit) {
        Some((_, limit, what)) => Err(too_complex(&format!("The operation is {what} {limit}."))),
        None => Ok(weight),
    }
}

/// Beyond a limit.
pub(crate) fn too_complex(detail: &str) -> Fault {
    Fault::new(ErrorCode::QueryTooComplex, detail)
}

struct Scale<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    /// The fragments that were met; `None` for those in which the look stands.
    fragments: HashMap<&'d Name, Option<Weight>>,
}

impl<'d> Scale<'d> {
    fn set(&mut self, set: &'d SelectionSet) -> Result<Weight, Fault> {
        set.items.iter().try_fold(Weight::default(), |sum, selection| {
            let mut weight = match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(fragment) => self.set(&fragment.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
            };
            weight.directives = weight.directives.saturating_add(selection.node.directives().len());
            Ok(sum.beside(weight))
        })
    }

    fn field(&mut self, field: &'d Field) -> Result<Weight, Fault> {
        let inner = self.set(&field.selection_set.node)?;
        let name = field.name.node.as_str();
        let list = LISTS.iter().find(|(list, ..)| *list == name);
        let (page, alone) =
            list.map_or((1, 0), |(_, default, most, alone)| (self.page(field, *default, *most), *alone));
        let of_schema = usize::from(SCHEMA.contains(&name));
        Ok(Weight {
            fields: inner.fields.saturating_add(1),
            roots: 1,
            cost: inner.cost.saturating_mul(page).saturating_add(1 + alone),
            aliases: inner.aliases.saturating_add(usize::from(field.alias.is_some())),
            directives: inner.directives,
            depth: inner.depth + 1,
            schema_lists: inner.schema_lists + of_schema,
            introspects: inner.introspects || INTROSPECTION.contains(&name),
        })
    }

    fn fragment(&mut self, name: &'d Name) -> Result<Weight, Fault> {
        match self.fragments.get(name) {
            Some(Some(weight)) => return Ok(*weight),
            Some(None) => {
                let detail = format!("The fragment `{name}` stands in itself.");
                return Err(Fault::new(ErrorCode::ValidationFailed, detail));
            }
            None => {}
        }
        // One that is not there is told of when the document is held against the schema.
        let Some(Positioned { node: FragmentDefinition { selection_set, directives, .. }, .. }) =
            self.document.fragments.get(name)
        else {
            return Ok(Weight::default());
        };
        self.fragments.insert(name, None);
        let mut weight = self.set(&selection_set.node)?;
        weight.directives = weight.directives.saturating_add(directives.len());
        self.fragments.insert(name, Some(weight));
        Ok(weight)
    }

    /// How many items a list is asked for. What makes no sense is refused by the list itself, and costs no more than it
    /// may.
    fn page(&self, field: &Field, default: usize, most: usize) -> usize {
        let wish = |name| {
            let given = field.get_argument(name)?.node.clone();
            let value = given.into_const_with(|variable| self.variables.get(&variable).cloned().ok_or(()));
            match value.ok()? {
                Value::Number(number) => number.as_i64(),
                _ => None,
            }
        };
        let wish = wish("first").or_else(|| wish("last"));
        wish.map_or(default, |wish| usize::try_from(wish).unwrap_or(0).clamp(1, most))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{parse_query, types::DocumentOperations};
    use serde_json::json;

    use super::*;
    use crate::document::absent::complete;

    fn weighed(document: &str, variables: serde_json::Value) -> Result<Weight, ErrorCode> {
        let document = parse_query(document).unwrap();
        let operation = match &document.operations {
            DocumentOperations::Single(operation) => operation,
            DocumentOperations::Multiple(operations) => operations.values().next().unwrap(),
        };
        let mut variables = Variables::from_json(variables);
        complete(&operation.node, &mut variables);
        weigh(&document, &operation.node, &variables).map_err(|fault| fault.code)
    }

    fn cost(document: &str, variables: serde_json::Value) -> usize {
        weighed(document, variables).unwrap().cost
    }

    #[test]
    fn a_page_costs_as_much_as_its_items() {
        assert_eq!(cost("{ me { id } }", json!({})), 2);
        assert_eq!(cost("{ sessions { nodes { id } } }", json!({})), 1 + 20 * 2);
        assert_eq!(cost("{ a: sessions(first: 5) { nodes { id } } }", json!({})), 1 + 5 * 2);
        assert_eq!(cost("{ sessions(last: 5) { nodes { members(first: 3) { nodes { role } } } } }", json!({})), 41);
        let asked = "query Q($n: Int = 7) { sessions(first: $n) { nodes { id } } }";
        assert_eq!(cost(asked, json!({})), 15);
        assert_eq!(cost(asked, json!({"n": 9})), 19);
        assert_eq!(cost(asked, json!({"n": null})), 41);
        assert_eq!(cost(asked, json!({"n": -5})), 3);
        assert_eq!(cost(asked, json!({"n": 1_000_000})), 201);
    }

    #[test]
    fn bombs_are_refused() {
        let too_complex = |document: &str| {
            assert_eq!(weighed(document, json!({})), Err(ErrorCode::QueryTooComplex), "{document}");
        };
        too_complex("{ sessions(first: 100) { nodes { messages(first: 100) { nodes { id seq author { id } } } } } }");
        too_complex(&format!("{{ {} }}", (0..65).map(|n| format!("a{n}: __typename")).collect::<Vec<_>>().join(" ")));
        too_complex(&format!("{{ {} }}", "__typename ".repeat(21)));
        too_complex(&format!("{{ me {{ {} }} }}", "id ".repeat(1_001)));
        too_complex(&format!("{{ me {{ id {} }} }}", "@include(if: true) ".repeat(65)));
        too_complex(&format!("{{ {} a {} }}", "a { ".repeat(16), "}".repeat(16)));
        too_complex("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }");
        // Each fragment holds the next one twice: a million fields in a few lines.
        let doubled = (0..20).map(|n| format!("fragment F{n} on Query {{ ...F{m} ...F{m} }}", m = n + 1));
        let doubled = doubled.collect::<Vec<_>>().join(" ");
        too_complex(&format!("{{ ...F0 }} {doubled} fragment F20 on Query {{ me {{ id }} }}"));
    }

    #[test]
    fn a_fragment_cannot_stand_in_itself() {
        for document in [
            "{ ...A } fragment A on Query { ...A }",
            "{ ...A } fragment A on Query { me { id } ...B } fragment B on Query { ...A }",
        ] {
            assert_eq!(weighed(document, json!({})), Err(ErrorCode::ValidationFailed));
        }
        assert!(weighed("{ ...Nowhere me { id } }", json!({})).is_ok());
    }
}
