//! The wire's types as JSON Schema, in the dialect that AsyncAPI has: draft 07.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOf, Object, Ref, RefOr, Schema,
        schema::{AdditionalProperties, AnyOf, Array, ArrayItems, OneOf},
    },
};

use super::json::Json;

/// Schemas by their names.
pub(super) type Schemas = BTreeMap<String, RefOr<Schema>>;

/// A type of the wire.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    name: fn() -> Cow<'static, str>,
    schema: fn() -> RefOr<Schema>,
    parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Shape {
    pub(super) const fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: <T as PartialSchema>::schema, parts: T::schemas }
    }

    /// The public name.
    pub(super) fn name(self) -> String {
        (self.name)().into_owned()
    }

    /// The schema itself.
    pub(super) fn schema(self) -> RefOr<Schema> {
        drafted((self.schema)())
    }

    /// Notes all that the type is made of, without itself.
    pub(super) fn add_parts(self, schemas: &mut Schemas) {
        let mut parts = Vec::new();
        (self.parts)(&mut parts);
        schemas.extend(parts.into_iter().map(|(name, schema)| (name, drafted(schema))));
    }

    /// Notes the type and all that it is made of.
    pub(super) fn add(self, schemas: &mut Schemas) {
        self.add_parts(schemas);
        schemas.insert(self.name(), self.schema());
    }

    /// The example that the type has of itself, its fields in their order.
    pub(super) fn example(self) -> Option<Json> {
        let RefOr::T(Schema::Object(object)) = (self.schema)() else { return None };
        let example = object.example?;
        let field = |(name, _): (&String, _)| Some((name.clone(), Json::Plain(example.get(name)?.clone())));
        Some(Json::Object(object.properties.iter().filter_map(field).collect()))
    }
}

/// A reference to a named schema.
pub(super) fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// The same schema as draft 07 has it: beside a reference stands nothing, and examples are a list.
fn drafted(schema: RefOr<Schema>) -> RefOr<Schema> {
    let mut schema = match schema {
        RefOr::Ref(reference) if reference.description.is_empty() => return RefOr::Ref(reference),
        RefOr::Ref(mut reference) => {
            let mut described = AllOf::new();
            described.description = Some(std::mem::take(&mut reference.description));
            described.items.push(RefOr::Ref(reference));
            return RefOr::T(Schema::AllOf(described));
        }
        RefOr::T(schema) => schema,
    };
    match &mut schema {
        Schema::Object(Object { example, examples, properties, additional_properties, .. }) => {
            list(example, examples);
            properties.values_mut().for_each(draft);
            if let Some(AdditionalProperties::RefOr(schema)) = additional_properties.as_deref_mut() {
                draft(schema);
            }
        }
        Schema::Array(Array { example, examples, items, .. }) => {
            list(example, examples);
            if let ArrayItems::RefOrSchema(items) = items {
                draft(items);
            }
        }
        Schema::OneOf(OneOf { example, examples, items, description, .. }) => {
            list(example, examples);
            // What may be `null` is described where that is said.
            for item in &mut *items {
                if let RefOr::Ref(reference) = item
                    && description.is_none()
                    && !reference.description.is_empty()
                {
                    *description = Some(std::mem::take(&mut reference.description));
                }
            }
            items.iter_mut().for_each(draft);
        }
        Schema::AllOf(AllOf { example, examples, items, .. }) => {
            list(example, examples);
            for item in &mut *items {
                if let RefOr::Ref(reference) = item {
                    reference.description.clear(); // a part is no field
                }
            }
            items.iter_mut().for_each(draft);
        }
        Schema::AnyOf(AnyOf { example, examples, items, .. }) => {
            list(example, examples);
            items.iter_mut().for_each(draft);
        }
        _ => {} // there is no other kind
    }
    RefOr::T(schema)
}

fn draft(schema: &mut RefOr<Schema>) {
    *schema = drafted(std::mem::replace(schema, RefOr::Ref(Ref::default())));
}

fn list(example: &mut Option<Value>, examples: &mut Vec<Value>) {
    examples.extend(example.take());
}
