//! The fields of a span, each bounded.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};

use crate::recorder::Kind;

/// How many bytes of a text are kept.
const TEXT: usize = 256;
/// How many fields of a span are kept.
const FIELDS: usize = 32;

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text, of 256 bytes at most.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// The fields of a span so far.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) name: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) failed: bool,
    pub(crate) values: Vec<(&'static str, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("otel.name", Value::Text(name)) => self.name = Some(name),
            ("otel.kind", Value::Text(kind)) => self.kind = Kind::named(&kind),
            ("otel.status_code", Value::Text(code)) => self.failed = code.eq_ignore_ascii_case("error"),
            ("message", _) => {}
            (name, value) => {
                if let Some((_, there)) = self.values.iter_mut().find(|(known, _)| *known == name) {
                    *there = value;
                } else if self.values.len() < FIELDS {
                    self.values.push((name, value));
                }
            }
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::Number(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::Whole(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Flag(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::Text(value[..value.floor_char_boundary(TEXT)].to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded(String::new());
        let _cut_short_on_purpose = write!(text, "{value:?}");
        self.put(field, Value::Text(text.0));
    }
}

/// Takes the beginning of a text, and refuses the rest.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = text.floor_char_boundary(TEXT - self.0.len());
        self.0.push_str(&text[..end]);
        if end == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
