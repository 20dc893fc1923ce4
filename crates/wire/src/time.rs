//! How moments look outside: RFC 3339 in UTC with whole milliseconds.

use chrono::{DateTime, SecondsFormat};
use rondo_domain::{Timestamp, moment};
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// How long a moment is, to the millisecond.
const MILLIS: usize = "2026-01-31T12:00:00.000Z".len();

/// A moment as every surface shows it, such as `2026-01-31T12:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Time {
    /// As it is shown.
    #[must_use]
    pub fn text(&self) -> String {
        self.shown(ToOwned::to_owned)
    }

    fn shown<T>(&self, show: impl FnOnce(&str) -> T) -> T {
        if let Some(mut digits) = moment::digits(self.0) {
            digits[MILLIS - 1] = b'Z';
            if let Ok(text) = str::from_utf8(&digits[..MILLIS]) {
                return show(text);
            }
        }
        show(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true)) // a leap second, or far from today
    }

    /// Reads a moment that was shown.
    ///
    /// # Errors
    /// When it is no RFC 3339.
    pub fn parse(text: &str) -> Result<Self, chrono::ParseError> {
        DateTime::parse_from_rfc3339(text).map(|moment| Self(moment.to_utc()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shown(|text| serializer.serialize_str(text))
    }
}

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339 in UTC with whole milliseconds"))
            .examples(["2026-01-31T12:00:00.000Z"])
            .into()
    }
}

impl ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_always_shown() {
        let moment = chrono::DateTime::parse_from_rfc3339("2026-01-31T13:00:00+01:00").unwrap().to_utc();
        assert_eq!(serde_json::to_string(&Time(moment)).unwrap(), r#""2026-01-31T12:00:00.000Z""#);
    }

    #[test]
    fn every_moment_is_shown_as_the_library_shows_it() {
        let usual = (0..20_000).map(|step| DateTime::from_timestamp_nanos(step * 123_456_789_012_345 + step * 999_999));
        let unusual =
            ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2016-12-31T23:59:60.5Z", "+12345-06-07T08:09:10Z"];
        let unusual = unusual.into_iter().map(|text| text.parse::<Timestamp>().unwrap());
        for moment in usual.chain(unusual) {
            assert_eq!(Time(moment).text(), moment.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
    }
}
