//! `docs/EVENTS.md`: every event with its payload, its acknowledgement and an example.

use std::{collections::BTreeSet, fmt::Write as _};

use rondo_wire::ErrorCode;

use super::{
    fields::{description, fields, kind},
    head,
};
use crate::asyncapi::{
    POSITIONED, asyncapi,
    facts::{codes, guide, table},
    heard::{Heard, heard},
    json::Json,
    sent::{Sent, sent},
    shape::{Schemas, Shape, reference},
};

/// The page of the events.
#[must_use]
pub fn events_page() -> String {
    let (sent, heard, schemas) = (sent(), heard(), asyncapi().components.schemas);
    let mut page = head("Socket.IO events", "events");
    page.push_str("The same is told to programs by AsyncAPI 3 at `/api/asyncapi.json` ([copy](asyncapi.json)).\n\n");
    page.push_str(&guide("errors.md"));
    page.push_str("\n## What a client sends\n\n");
    page.push_str(&table(&["event", "", "acknowledged with"]));
    for event in &sent {
        let name = event.event.name();
        let (anchor, data) = (anchor("sent", name), data(event.answer.data));
        let _infallible = writeln!(page, "| [`{name}`](#{anchor}) | {} | {data} |", event.summary);
    }
    page.push('\n');
    for event in &sent {
        tell_sent(&mut page, event, &schemas);
    }
    page.push_str("## What a client hears\n\n");
    page.push_str(&table(&["event", "", "reaches", "has a position"]));
    for Heard { name, summary, to, has_position, .. } in &heard {
        let (anchor, lasts) = (anchor("heard", name), if *has_position { "yes" } else { "no" });
        let _infallible = writeln!(page, "| [`{name}`](#{anchor}) | {summary} | {to} | {lasts} |");
    }
    page.push('\n');
    for event in &heard {
        tell_heard(&mut page, event);
    }
    tell_shapes(&mut page, &sent, &schemas);
    page.trim_end().to_owned()
}

fn tell_sent(page: &mut String, event: &Sent, schemas: &Schemas) {
    let name = event.event.name();
    title(page, "sent", name);
    let _infallible = writeln!(page, "{}. {}\n", event.summary, event.detail);
    page.push_str(&fields(&event.payload.schema(), schemas));
    if let Some(payload) = event.payload.example() {
        show(page, &payload);
    }
    let _infallible = writeln!(page, "Acknowledged with {}:\n", data(event.answer.data));
    show(page, &event.answer.done);
    if !event.errors.is_empty() {
        let _infallible = writeln!(page, "May be refused with {}.\n", codes(event.errors));
    }
}

fn tell_heard(page: &mut String, event: &Heard) {
    title(page, "heard", event.name);
    let position = if event.has_position { ", and `position`" } else { "" };
    let _infallible = writeln!(page, "{}. Reaches {}. {}\n", event.summary, event.to, event.detail);
    let _infallible = writeln!(page, "{}{position}:\n", data(event.payload));
    event.examples.iter().take(1).for_each(|example| show(page, example));
    if event.examples.len() > 1 {
        page.push_str(&table(&["`type`", "`data`"]));
        for example in &event.examples {
            let told = |field| example.get(field).map(Json::line).unwrap_or_default();
            let _infallible = writeln!(page, "| `{}` | `{}` |", told("type").trim_matches('"'), told("data"));
        }
        page.push('\n');
    }
}

/// The shapes that events share; requests stand at their events.
fn tell_shapes(page: &mut String, sent: &[Sent], schemas: &Schemas) {
    page.push_str("## Shapes\n");
    let requests: BTreeSet<_> = sent.iter().map(|event| event.payload.name()).collect();
    let is_shared = |name: &str| {
        let own = ["Handshake", "ConnectError", "Nothing", POSITIONED];
        !requests.contains(name) && !name.ends_with("Ack") && !own.contains(&name)
    };
    for (name, schema) in schemas.iter().filter(|(name, _)| is_shared(name)) {
        let _infallible = writeln!(page, "\n### {name}\n");
        if name == "ErrorCode" {
            let _infallible = writeln!(page, "{} codes, which [errors.md](errors.md) explains.", ErrorCode::ALL.len());
            continue;
        }
        let fields = fields(schema, schemas);
        let _infallible = writeln!(page, "{}", description(schema));
        if fields.is_empty() {
            let _infallible = writeln!(page, "\n{}", kind(schema));
        } else {
            let _infallible = write!(page, "\n{}", fields.trim_end_matches('\n'));
            page.push('\n');
        }
    }
}

/// What the data of an acknowledgement or an event is.
fn data(shape: Shape) -> String {
    match shape.name().as_str() {
        "Nothing" => "`{}`".to_owned(),
        name => kind(&reference(name)),
    }
}

fn title(page: &mut String, list: &str, event: &str) {
    let _infallible = writeln!(page, "<a id=\"{}\"></a>\n\n### `{event}`\n", anchor(list, event));
}

fn anchor(list: &str, event: &str) -> String {
    format!("{list}-{}", event.replace(':', "-"))
}

fn show(page: &mut String, example: &Json) {
    let _infallible = writeln!(page, "```json\n{}\n```\n", example.pretty());
}
