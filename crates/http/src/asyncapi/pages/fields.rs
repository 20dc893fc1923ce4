//! Schemas as tables of fields.

use std::fmt::Write as _;

use utoipa::openapi::{
    KnownFormat, Object, RefOr, Schema, SchemaFormat, Type,
    schema::{ArrayItems, SchemaType},
};

use crate::asyncapi::{facts::table, shape::Schemas};

/// A field of an object.
struct Field<'a> {
    name: &'a str,
    schema: &'a RefOr<Schema>,
    required: bool,
}

/// The fields of an object, those of its parts too; nothing where there are none.
pub(super) fn fields(schema: &RefOr<Schema>, schemas: &Schemas) -> String {
    let mut found = Vec::new();
    collect(schema, schemas, &mut found);
    if found.is_empty() {
        return String::new();
    }
    let mut text = table(&["field", "type", "meaning"]);
    for Field { name, schema, required } in found {
        let option = if required { "" } else { "?" };
        let _infallible = writeln!(text, "| `{name}{option}` | {} | {} |", kind(schema), description(schema));
    }
    text.push('\n');
    text
}

fn collect<'a>(schema: &'a RefOr<Schema>, schemas: &'a Schemas, found: &mut Vec<Field<'a>>) {
    match schema {
        RefOr::Ref(reference) => {
            if let Some(schema) = schemas.get(name(&reference.ref_location)) {
                collect(schema, schemas, found);
            }
        }
        RefOr::T(Schema::AllOf(all)) => all.items.iter().for_each(|part| collect(part, schemas, found)),
        RefOr::T(Schema::Object(object)) => found.extend(object.properties.iter().map(|(name, schema)| {
            let required = object.required.contains(name);
            Field { name, schema, required }
        })),
        RefOr::T(_) => {}
    }
}

/// What may stand there, in words.
pub(super) fn kind(schema: &RefOr<Schema>) -> String {
    let either = |items: &[RefOr<Schema>]| items.iter().map(kind).collect::<Vec<_>>().join(" or ");
    match schema {
        RefOr::Ref(reference) => link(name(&reference.ref_location)),
        RefOr::T(Schema::Object(object)) => plain(object),
        RefOr::T(Schema::Array(array)) => match &array.items {
            ArrayItems::RefOrSchema(items) => format!("array of {}", kind(items)),
            ArrayItems::False => "array".to_owned(),
        },
        RefOr::T(Schema::OneOf(one)) => either(&one.items),
        RefOr::T(Schema::AnyOf(any)) => either(&any.items),
        RefOr::T(Schema::AllOf(all)) => either(&all.items),
        RefOr::T(_) => "anything".to_owned(),
    }
}

/// A link to a shape on the same page.
fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

fn name(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

fn plain(object: &Object) -> String {
    if let Some(values) = &object.enum_values {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    }
    let kinds = match &object.schema_type {
        SchemaType::Type(kind) => vec![word(kind)],
        SchemaType::Array(kinds) => kinds.iter().map(word).collect(),
        SchemaType::AnyValue => vec!["anything"],
    };
    let mut text = kinds.join(" or ");
    let format = match &object.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => "UUID",
        Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => "RFC 3339",
        _ => "",
    };
    if !format.is_empty() {
        let _infallible = write!(text, " ({format})");
    }
    text
}

fn word(kind: &Type) -> &'static str {
    match kind {
        Type::Object => "object",
        Type::String => "string",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::Array => "array",
        Type::Null => "`null`",
    }
}

/// What a schema says of itself, in one line.
pub(super) fn description(schema: &RefOr<Schema>) -> String {
    let text = match schema {
        RefOr::T(Schema::Object(object)) => object.description.as_deref(),
        RefOr::T(Schema::Array(array)) => array.description.as_deref(),
        RefOr::T(Schema::OneOf(one)) => one.description.as_deref(),
        RefOr::T(Schema::AllOf(all)) => all.description.as_deref(),
        RefOr::T(Schema::AnyOf(any)) => any.description.as_deref(),
        RefOr::T(_) | RefOr::Ref(_) => None,
    };
    text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
