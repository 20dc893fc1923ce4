//! What connections are told, encoded once however many they are.

use std::sync::OnceLock;

use serde_json::value::RawValue;
use socketioxide_core::Str;

/// An event by its public name, with its payload. Every connection gets the same bytes.
#[derive(Debug)]
pub(crate) struct Announcement {
    name: &'static str,
    payload: Box<RawValue>,
    /// Whether it is passing: the first to go without when a reader is slow.
    passing: bool,
    arguments: OnceLock<Str>,
}

impl Announcement {
    /// What must be told, or be told of as missed.
    pub(crate) const fn lasting(name: &'static str, payload: Box<RawValue>) -> Self {
        Self { name, payload, passing: false, arguments: OnceLock::new() }
    }

    /// What nobody misses who does not hear it.
    pub(crate) const fn passing(name: &'static str, payload: Box<RawValue>) -> Self {
        Self { name, payload, passing: true, arguments: OnceLock::new() }
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

    /// The arguments of the Socket.IO event, `["name",{…}]`, as they stand in its packet.
    pub(crate) fn arguments(&self) -> &Str {
        // The names are of this house and need no escape.
        self.arguments.get_or_init(|| format!("[\"{}\",{}]", self.name, self.payload.get()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_the_name_and_the_payload() {
        let payload = RawValue::from_string(r#"{"a":"ñ"}"#.to_owned()).unwrap();
        let told = Announcement::lasting("message:create", payload);
        assert_eq!(told.arguments().as_str(), r#"["message:create",{"a":"ñ"}]"#);
    }
}
