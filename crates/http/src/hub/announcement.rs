//! What connections are told, encoded once however many they are.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use bytes::Bytes;
use rondo_domain::event::RecordedEvent;
use rondo_graphql::{Happening, SelectionKey};
use rondo_wire::live_payload;
use serde_json::value::RawValue;
use socketioxide_core::Str;
use tokio::sync::OnceCell;

/// How many selections of one event are shared. Whoever selects something else has it made for themselves.
const SHARED_SELECTIONS: usize = 64;

/// What a selection of an event gives, made by whoever needs it first; `None` when it gives nothing.
pub(crate) type Rendering = Arc<OnceCell<Option<Bytes>>>;

/// An event by its public name, with its payload. Every connection gets the same bytes.
#[derive(Debug)]
pub(crate) struct Announcement {
    name: &'static str,
    payload: Box<RawValue>,
    /// Whether it is passing: the first to go without when a reader is slow.
    passing: bool,
    /// What the log holds, of what has a position.
    event: Option<Arc<RecordedEvent>>,
    packet: OnceLock<Str>,
    /// The selection that was asked for first: usually everybody's.
    usual: OnceLock<(SelectionKey, Rendering)>,
    others: Mutex<Vec<(SelectionKey, Rendering)>>,
}

impl Announcement {
    /// What a reader hears that was too slow for a session.
    pub(crate) const LAGGED: &'static str = "session:lagged";

    /// What must be told, or be told of as missed.
    pub(crate) const fn lasting(name: &'static str, payload: Box<RawValue>) -> Self {
        Self::new(name, payload, false, None)
    }

    /// An event of a session: its data with `position` beside it.
    pub(crate) fn of_event(event: &Arc<RecordedEvent>) -> Self {
        Self::new(event.kind.as_str(), live_payload(event), false, Some(Arc::clone(event)))
    }

    /// What nobody misses who does not hear it.
    pub(crate) const fn passing(name: &'static str, payload: Box<RawValue>) -> Self {
        Self::new(name, payload, true, None)
    }

    const fn new(name: &'static str, payload: Box<RawValue>, passing: bool, event: Option<Arc<RecordedEvent>>) -> Self {
        Self {
            name,
            payload,
            passing,
            event,
            packet: OnceLock::new(),
            usual: OnceLock::new(),
            others: Mutex::new(Vec::new()),
        }
    }

    /// The public name.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The public JSON object.
    pub(crate) fn payload(&self) -> &RawValue {
        &self.payload
    }

    /// Whether a slow reader goes without it first.
    pub(crate) const fn is_passing(&self) -> bool {
        self.passing
    }

    /// What it tells of, for selections of GraphQL.
    pub(crate) fn happening(&self) -> Happening<'_> {
        match &self.event {
            Some(event) => Happening::Lasting(event),
            None => Happening::Told { name: self.name, payload: &self.payload },
        }
    }

    /// Where what a selection gives is kept for all who select the same; `None` when there are too many different ones.
    pub(crate) fn rendering(&self, selection: &SelectionKey) -> Option<Cow<'_, Rendering>> {
        let (usual, rendering) = self.usual.get_or_init(|| (*selection, Rendering::default()));
        if usual == selection {
            return Some(Cow::Borrowed(rendering));
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rendering)) = others.iter().find(|(known, _)| known == selection) {
            return Some(Cow::Owned(Arc::clone(rendering)));
        }
        if others.len() + 1 >= SHARED_SELECTIONS {
            return None;
        }
        let rendering = Rendering::default();
        others.push((*selection, Arc::clone(&rendering)));
        Some(Cow::Owned(rendering))
    }

    /// The Engine.IO message with the Socket.IO packet of the event in the main namespace, `42["name",{…}]`.
    pub(crate) fn packet(&self) -> &Str {
        // The names are of this house and need no escape.
        self.packet.get_or_init(|| format!("42[\"{}\",{}]", self.name, self.payload.get()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_is_a_message_with_the_name_and_the_payload() {
        let payload = RawValue::from_string(r#"{"a":"ñ"}"#.to_owned()).unwrap();
        let told = Announcement::lasting("message:create", payload);
        assert_eq!(told.packet().as_str(), r#"42["message:create",{"a":"ñ"}]"#);
    }
}
