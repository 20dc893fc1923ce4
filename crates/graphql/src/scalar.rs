//! The leaves of the schema that GraphQL itself does not have, and its ids.

use std::{borrow::Cow, fmt::Display};

use async_graphql::{
    ContextSelectionSet, ID, InputValueError, InputValueResult, OutputType, Positioned, Scalar, ScalarType,
    ServerResult, Value, parser::types::Field, registry::Registry,
};
use rondo_domain::Timestamp;
use rondo_wire::Time;
use serde::{Deserialize, Deserializer, de::Error as _};
use uuid::Uuid;

/// An id on its way out: a UUID as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Id(pub(crate) Uuid);

impl OutputType for Id {
    fn type_name() -> Cow<'static, str> {
        <ID as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <ID as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::String(self.0.hyphenated().to_string()))
    }
}

/// A moment: RFC 3339 in UTC with whole milliseconds, such as `2026-01-31T12:00:00.000Z`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DateTime(Timestamp);

impl From<Timestamp> for DateTime {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

/// A moment: RFC 3339 in UTC with whole milliseconds, such as `2026-01-31T12:00:00.000Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        moment(text).map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::String(Time(self.0).text())
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        moment(&text).map(Self).map_err(D::Error::custom)
    }
}

fn moment(text: &str) -> Result<Timestamp, impl Display> {
    Time::parse(text).map(|Time(moment)| moment)
}

/// Any JSON value.
#[derive(Clone, Debug)]
pub(crate) struct Json(Value);

impl Json {
    /// What was stored as text; nothing where that is no JSON.
    pub(crate) fn stored(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }
}

/// Any JSON value.
#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}
