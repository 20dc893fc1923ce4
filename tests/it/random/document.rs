//! Requests out of the server's own document: good ones, ones that are off by one, and garbage.

use serde_json::{Map, Value, json};

use super::dice::Dice;

/// The document, and ids that exist.
pub(super) struct Document {
    pub(super) whole: Value,
    pub(super) ids: Vec<String>,
}

/// How far from good a value may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    Good,
    OffByOne,
    Garbage,
}

impl Document {
    /// What a reference leads to.
    fn resolved<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        while let Some(reference) = value["$ref"].as_str() {
            value = self.whole.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        }
        value
    }

    /// The schema of an operation's body, and whether it must be there.
    pub(super) fn body_of<'a>(&'a self, operation: &'a Value) -> Option<(&'a Value, bool)> {
        let body = self.resolved(operation.get("requestBody")?);
        Some((&body["content"]["application/json"]["schema"], body["required"] == true))
    }

    /// The parameters of an operation: name, place, schema.
    pub(super) fn parameters_of<'a>(&'a self, operation: &'a Value) -> Vec<(&'a str, &'a str, &'a Value)> {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|parameter| self.resolved(parameter));
        let text = |value: &'a Value| value.as_str().unwrap();
        parameters.map(|parameter| (text(&parameter["name"]), text(&parameter["in"]), &parameter["schema"])).collect()
    }

    /// A value of a schema, or nearly.
    pub(super) fn value(&self, dice: &mut Dice, schema: &Value, care: Care) -> Value {
        let schema = self.resolved(schema);
        if care == Care::Garbage && dice.below(3) == 0 {
            return garbage(dice);
        }
        if let Some(choices) = schema["enum"].as_array() {
            return if care == Care::OffByOne { json!("almost") } else { dice.one(choices).clone() };
        }
        for ways in ["oneOf", "anyOf", "allOf"] {
            if let Some(ways) = schema[ways].as_array() {
                let way = dice.one(ways);
                return self.value(dice, way, care);
            }
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => dice.one(kinds).as_str().unwrap_or("null").to_owned(),
            kind => kind.as_str().unwrap_or("object").to_owned(),
        };
        match kind.as_str() {
            "string" => json!(self.text(dice, schema, care)),
            "integer" | "number" => json!(number(dice, schema, care)),
            "boolean" => json!(dice.below(2) == 0),
            "array" => json!([self.value(dice, &schema["items"], care)]),
            "object" => self.object(dice, schema, care),
            _ => Value::Null,
        }
    }

    fn object(&self, dice: &mut Dice, schema: &Value, care: Care) -> Value {
        let mut object = Map::new();
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let left_out = if required.contains(&name.as_str()) {
                care != Care::Good && dice.below(8) == 0
            } else {
                dice.below(2) == 0
            };
            if !left_out {
                object.insert(name.clone(), self.value(dice, schema, care));
            }
        }
        if care == Care::Garbage && dice.below(4) == 0 {
            object.insert("unheard of".to_owned(), garbage(dice));
        }
        Value::Object(object)
    }

    fn text(&self, dice: &mut Dice, schema: &Value, care: Care) -> String {
        match (care, schema["format"].as_str()) {
            (Care::OffByOne, _) | (_, None | Some("password")) => {}
            (_, Some("uuid")) if dice.below(4) > 0 => return dice.one(&self.ids).clone(),
            (_, Some("uuid")) => return "019c0e3a-5c00-7000-8000-000000000001".to_owned(),
            (_, Some("email")) => return format!("guest{}@example.org", dice.below(1_000_000)),
            (_, Some(_)) => return "https://example.org/a.png".to_owned(),
        }
        let length = |name: &str| schema[name].as_u64().map(|length| usize::try_from(length).unwrap());
        let (least, most) = (length("minLength").unwrap_or(0), length("maxLength").unwrap_or(40));
        let length = match (care, dice.below(2)) {
            (Care::OffByOne, 0) => least.saturating_sub(1),
            (Care::OffByOne, _) => most + 1,
            _ => least + dice.below(most.min(200) - least.min(most.min(200)) + 1),
        };
        let letter = *dice.one(&["a", "é", "🦤", "x"]);
        letter.repeat(length)
    }
}

fn number(dice: &mut Dice, schema: &Value, care: Care) -> i64 {
    let (least, most) = (schema["minimum"].as_i64().unwrap_or(0), schema["maximum"].as_i64().unwrap_or(1_000));
    match (care, dice.below(2)) {
        (Care::OffByOne, 0) => least - 1,
        (Care::OffByOne, _) => most.saturating_add(1),
        _ => least + i64::try_from(dice.below(100)).unwrap().min(most - least),
    }
}

/// What nobody means.
pub(super) fn garbage(dice: &mut Dice) -> Value {
    let long = "x".repeat(10_000);
    let choices = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("\0"),
        json!("' OR 1=1; --"),
        json!("%00%ff"),
        json!("\u{202e}\u{feff}\u{1F3F4}\u{E0067}"),
        json!("../../etc/passwd"),
        json!(long),
        json!([]),
        json!({}),
        json!([[[[{"a": null}]]]]),
        json!({"$ref": "#"}),
    ];
    dice.one(&choices).clone()
}
