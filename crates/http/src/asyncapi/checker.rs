//! As much of JSON Schema as the document uses, to hold examples against schemas. Tests only.

use serde_json::Value;

/// What is wrong with a value; nothing where it fits.
pub(super) fn misfits(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else { return found.push(format!("{path}: no schema: {schema}")) };
    let mut wrong = |what: &str| found.push(format!("{path}: {value} {what}"));
    let text = value.as_str();
    let length = text.map_or(0, |text| text.chars().count() as u64);
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "$ref" if keywords.len() > 1 => wrong("has a schema with something beside its $ref"),
            "type" if !words(rule).any(|word| is(value, word)) => wrong(&format!("is no {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => wrong(&format!("is none of {rule}")),
            "minimum" if value.as_f64() < rule.as_f64() && value.is_number() => wrong(&format!("is below {rule}")),
            "minLength" if text.is_some() && length < rule.as_u64().unwrap() => wrong("is too short"),
            "maxLength" if text.is_some() && length > rule.as_u64().unwrap() => wrong("is too long"),
            "format" if text.is_some_and(|text| !has_format(text, rule)) => wrong(&format!("is not of format {rule}")),
            "required" if value.is_object() => {
                let missing = words(rule).filter(|name| value.get(*name).is_none());
                missing.for_each(|name| wrong(&format!("lacks {name}")));
            }
            "additionalProperties" if *rule == Value::Bool(false) => {
                let known = |name: &String| keywords["properties"].get(name).is_some();
                let unknown =
                    value.as_object().into_iter().flat_map(|fields| fields.keys()).filter(|name| !known(name));
                unknown.for_each(|name| wrong(&format!("has the unknown field {name}")));
            }
            "oneOf" => {
                let fits = |way: &&Value| misfits(document, way, value).is_empty();
                let fitting = rule.as_array().unwrap().iter().filter(fits).count();
                if fitting != 1 {
                    wrong(&format!("fits {fitting} ways of {rule}"));
                }
            }
            // Below, done, or no rule at all.
            "$ref"
            | "allOf"
            | "properties"
            | "items"
            | "type"
            | "enum"
            | "minimum"
            | "minLength"
            | "maxLength"
            | "format"
            | "required"
            | "additionalProperties"
            | "description"
            | "title"
            | "examples"
            | "propertyNames" => {}
            unknown => wrong(&format!("has a schema with {unknown}, which is not checked")),
        }
    }
    if let Some(reference) = schema["$ref"].as_str() {
        check(document, resolve(document, reference), value, path, found);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(document, part, value, path, found);
    }
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            check(document, part, value, &format!("{path}/{name}"), found);
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            check(document, items, value, &format!("{path}/{index}"), found);
        }
    }
}

/// What a reference leads to.
pub(super) fn resolve<'a>(document: &'a Value, reference: &str) -> &'a Value {
    let pointer = reference.strip_prefix('#').unwrap_or(reference);
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

fn words(rule: &Value) -> impl Iterator<Item = &str> {
    let list = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

fn has_format(text: &str, format: &Value) -> bool {
    match format.as_str() {
        Some("uuid") => uuid::Uuid::parse_str(text).is_ok_and(|id| id.get_version_num() == 7),
        Some("date-time") => {
            text.ends_with('Z') && text.len() == 24 && chrono::DateTime::parse_from_rfc3339(text).is_ok()
        }
        _ => true,
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {"a": {"type": ["integer", "null"], "minimum": 1}, "b": {"oneOf": [{"type": "string", "format": "uuid"}]}},
    });
    let faults = |value| misfits(&Value::Null, &schema, &value).len();
    assert_eq!(faults(serde_json::json!({"a": null, "b": "019c0e3a-5c00-7000-8000-000000000002"})), 0);
    assert_eq!(faults(serde_json::json!({"a": 0})), 1);
    assert_eq!(faults(serde_json::json!({"a": "1", "b": "x", "c": 1})), 3);
    assert_eq!(faults(serde_json::json!({})), 1);
    assert_eq!(faults(serde_json::json!([])), 1);
}
