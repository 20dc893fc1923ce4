//! The document against itself, and against what the gateway and the hub know.

use std::collections::BTreeSet;

use rondo_domain::{bus::PassingEvent, event::EventKind, notification::Notice};
use rondo_wire::{ErrorCode, passing_payload};
use serde_json::{Value, to_value};

use super::{
    asyncapi,
    checker::{misfits, resolve},
    errors_page, events_page, examples,
    heard::heard,
    sent::sent,
};
use crate::gateway::ClientEvent;

fn json() -> Value {
    to_value(asyncapi()).unwrap()
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().unwrap().iter()
}

/// The names of the events of all operations with this action.
fn operations(document: &Value, action: &str) -> BTreeSet<String> {
    let asked = fields(&document["operations"]).filter(|(_, operation)| operation["action"] == action);
    let messages = asked.map(|(_, operation)| {
        let message = resolve(document, operation["messages"][0]["$ref"].as_str().unwrap());
        resolve(document, message["$ref"].as_str().unwrap())["name"].as_str().unwrap().to_owned()
    });
    messages.collect()
}

#[test]
fn it_is_asyncapi_3_of_this_release() {
    let document = json();
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["servers"]["plain"]["pathname"], "/socket.io/");
    assert!(!document["info"]["description"].as_str().unwrap().contains("<!--"));
}

#[test]
fn every_reference_leads_somewhere_and_nothing_stands_beside_it() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    assert_eq!(fields.len(), 1, "{reference}");
                    found.insert(reference);
                }
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = json();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        resolve(&document, reference);
    }
    for (name, _) in fields(&document["components"]["schemas"]) {
        let reference = format!("#/components/schemas/{name}");
        assert!(found.contains(reference.as_str()), "nothing uses {name}");
    }
}

#[test]
fn every_event_that_the_gateway_takes_is_described() {
    let taken = ClientEvent::ALL.map(ClientEvent::name).into_iter().chain(["CONNECT"]).map(str::to_owned).collect();
    assert_eq!(operations(&json(), "receive"), taken);
}

#[test]
fn every_event_that_is_sent_is_described_once() {
    let own = [
        ("presence:diff", include_str!("../hub/crowd.rs")),
        ("session:lagged", include_str!("../hub/announcement.rs")),
        ("server:draining", include_str!("../gateway/drain.rs")),
    ];
    assert!(own.iter().all(|(name, code)| code.contains(&format!("\"{name}\""))), "they are called otherwise");
    let mut names: BTreeSet<_> = EventKind::ALL.map(EventKind::as_str).into();
    names.extend(examples::passing().iter().map(|event| passing_payload(event).0));
    names.extend(examples::personal().iter().map(|event| event.kind().as_str()));
    names.extend(own.map(|(name, _)| name));

    let described = heard();
    assert_eq!(described.len(), names.len());
    assert_eq!(described.iter().map(|event| event.name).collect::<BTreeSet<_>>(), names);
    for event in &described {
        let lasts = EventKind::parse(event.name).is_some();
        assert_eq!(event.has_position, lasts, "{}", event.name);
        assert!(!event.examples.is_empty(), "{}", event.name);
    }
    assert_eq!(operations(&json(), "send"), names.into_iter().map(str::to_owned).collect());
}

#[test]
fn every_kind_of_thing_has_an_example() {
    for kind in EventKind::ALL {
        assert_eq!(examples::lasting(kind).kind(), kind);
    }
    let kinds: Vec<_> = examples::notices().iter().map(Notice::kind).collect();
    assert_eq!(kinds, Notice::KINDS);
    let passing = examples::passing();
    let found = |is: fn(&PassingEvent) -> bool| assert!(passing.iter().any(is));
    found(|event| matches!(event, PassingEvent::Came { .. }));
    found(|event| matches!(event, PassingEvent::Went { .. }));
    found(|event| matches!(event, PassingEvent::Read { .. }));
    found(|event| matches!(event, PassingEvent::Typing { typing: true, .. }));
    found(|event| matches!(event, PassingEvent::Typing { typing: false, .. }));
}

#[test]
fn every_message_has_examples_that_fit_its_schema() {
    let document = json();
    for (name, message) in fields(&document["components"]["messages"]) {
        let examples = message["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            let faults = misfits(&document, &message["payload"], &example["payload"]);
            assert!(faults.is_empty(), "{name}, {}: {faults:#?}", example["name"]);
        }
    }
    for (name, schema) in fields(&document["components"]["schemas"]) {
        for example in schema["examples"].as_array().into_iter().flatten() {
            let faults = misfits(&document, schema, example);
            assert!(faults.is_empty(), "{name}: {faults:#?}");
        }
    }
}

/// The fields that a schema knows at its top.
fn collect<'a>(document: &'a Value, schema: &'a Value, known: &mut BTreeSet<&'a str>) {
    if let Some(reference) = schema["$ref"].as_str() {
        collect(document, resolve(document, reference), known);
    }
    for way in ["allOf", "oneOf"] {
        schema[way].as_array().into_iter().flatten().for_each(|part| collect(document, part, known));
    }
    known.extend(schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()));
}

#[test]
fn examples_show_every_field_and_no_other() {
    let document = json();
    for (name, message) in fields(&document["components"]["messages"]) {
        let mut known = BTreeSet::new();
        collect(&document, &message["payload"], &mut known);
        for example in message["examples"].as_array().unwrap() {
            let shown = fields(&example["payload"]).map(|(field, _)| field.as_str());
            let unknown: Vec<_> = shown.filter(|field| !known.contains(field)).collect();
            assert!(unknown.is_empty(), "{name} shows {unknown:?}");
        }
    }
}

#[test]
fn every_field_and_every_schema_is_explained() {
    let document = json();
    let without = |schema: &Value| {
        let own = schema["description"].as_str().is_some_and(|text| !text.is_empty());
        !own && schema["$ref"].is_null()
    };
    for (name, schema) in fields(&document["components"]["schemas"]) {
        assert!(!without(schema), "{name}");
        let parts = schema["allOf"].as_array().into_iter().flatten();
        for object in parts.chain([schema]) {
            for (field, schema) in object["properties"].as_object().into_iter().flatten() {
                assert!(!without(schema), "{name}.{field}: {schema}");
            }
        }
    }
    for (name, operation) in fields(&document["operations"]) {
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name} has no known tag");
    }
}

#[test]
fn every_acknowledged_refusal_is_of_the_catalogue() {
    let document = json();
    for (name, operation) in fields(&document["operations"]).filter(|(_, operation)| operation["action"] == "receive") {
        let codes: Vec<_> =
            operation["x-errors"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
        let unique: BTreeSet<_> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len(), "{name}: {codes:?}");
        assert!(codes.iter().all(|code| ErrorCode::ALL.iter().any(|known| known.as_str() == *code)), "{name}");
    }
}

#[test]
fn the_pages_tell_of_everything_and_their_links_lead_somewhere() {
    let (events, errors) = (events_page(), errors_page());
    for event in sent() {
        assert!(events.contains(&format!("<a id=\"sent-{}\">", event.event.name().replace(':', "-"))));
    }
    for event in heard() {
        assert!(events.contains(&format!("<a id=\"heard-{}\">", event.name.replace(':', "-"))));
    }
    for code in ErrorCode::ALL {
        assert!(errors.contains(&format!("\n## {}\n", code.as_str())));
    }
    for page in [&events, &errors] {
        assert!(!page.contains("<!-- l") && !page.contains("\n\n\n"), "something was not filled in");
        for link in page.split("](#").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let heading = page.lines().filter_map(|line| line.strip_prefix("## ").or(line.strip_prefix("### ")));
            let has_heading = heading.into_iter().any(|heading| heading.to_lowercase() == link);
            assert!(has_heading || page.contains(&format!("<a id=\"{link}\">")), "#{link} leads nowhere");
        }
    }
}
