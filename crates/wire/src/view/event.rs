//! Events as pages of the log show them.

use rondo_domain::{event::RecordedEvent, session::EventPage};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A lasting event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event, example = json!({"type": "message:create", "position": 1, "data": {"id": "019c0e3a-5c00-7000-8000-000000000002", "seq": 1}}))]
pub struct EventView<'a> {
    /// What kind of thing happened.
    #[serde(rename = "type")]
    #[schema(example = "message:create")]
    pub kind: &'static str,
    /// Its place in the session's log: 1, 2, 3 … without gap or repeat.
    #[schema(minimum = 1)]
    pub position: i64,
    /// What the live event carries, without `position`.
    #[serde(serialize_with = "raw")]
    #[schema(value_type = Object)]
    pub data: &'a str,
}

/// Writes stored JSON as it stands.
fn raw<S: Serializer>(data: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let value: &RawValue = serde_json::from_str(data).map_err(serde::ser::Error::custom)?;
    value.serialize(serializer)
}

impl<'a> From<&'a RecordedEvent> for EventView<'a> {
    fn from(event: &'a RecordedEvent) -> Self {
        Self { kind: event.kind.as_str(), position: event.position, data: &event.data }
    }
}

/// A page of a session's log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventPage)]
pub struct EventPageView<'a> {
    /// The events, oldest first.
    pub items: Vec<EventView<'a>>,
    /// Where to ask on from.
    pub position: i64,
    /// Whether the log could tell all that came after the place asked from; if not, read afresh.
    pub recovered: bool,
    /// Whether there is more to ask for at once.
    pub more: bool,
}

impl<'a> From<&'a EventPage> for EventPageView<'a> {
    fn from(page: &'a EventPage) -> Self {
        Self {
            items: page.items.iter().map(EventView::from).collect(),
            position: page.position,
            recovered: page.recovered,
            more: page.more,
        }
    }
}
