//! All that is wrong with a body at once. serde stops at the first fault, so the body is read again and again: what was
//! refused is told and taken out, and what is missing is made up, until nothing is refused any more.

use serde::{
    Deserializer,
    de::{DeserializeOwned, IntoDeserializer, Visitor, value::MapDeserializer},
    forward_to_deserialize_any,
};
use serde_json::{Error, Map, Value};

use super::words::{Refusal, refusal};
use crate::FieldError;

/// How many faults are told at most.
const MOST: usize = 32;

/// Reads an object field by field: what it says, or all that is wrong with it. Whole numbers may be written as `1.0`.
pub(super) fn gather<T: DeserializeOwned>(mut given: Map<String, Value>) -> Result<T, Vec<FieldError>> {
    let (mut made_up, mut errors): (Vec<String>, Vec<FieldError>) = (Vec::new(), Vec::new());
    loop {
        let known = given.iter().map(|(name, value)| (name.as_str(), Content::Given(value)));
        let all = known.chain(made_up.iter().map(|name| (name.as_str(), Content::MadeUp)));
        let error = match serde_path_to_error::deserialize::<_, T>(MapDeserializer::<_, Error>::new(all)) {
            Ok(body) if errors.is_empty() => return Ok(body),
            Ok(_) => return Err(errors),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let refusal = refusal(&path, &error.into_inner());
        let top = refusal.field().split(['.', '[']).next().unwrap_or_default().to_owned();
        let is_there = given.contains_key(&top) || matches!(refusal, Refusal::Missing(_));
        if errors.len() == MOST || made_up.contains(&top) || !is_there {
            return Err(errors); // a body that nothing fits: what was found is told
        }
        let whole = given.get(&top).and_then(whole);
        match (refusal, whole) {
            (Refusal::WrongType(_), Some(whole)) => drop(given.insert(top, whole)),
            (refusal, _) => {
                given.remove(&top);
                if !matches!(refusal, Refusal::Unknown(_)) {
                    made_up.push(top);
                }
                errors.push(refusal.into());
            }
        }
    }
}

/// A number with a fraction of zero, as the integer that it is.
fn whole(value: &Value) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // beyond, not every integer is a float
    let number = if value.is_f64() { value.as_f64()? } else { return None };
    if number.fract() != 0.0 || number.abs() > EXACT {
        return None;
    }
    format!("{number:.0}").parse::<i64>().ok().map(Value::from)
}

/// What stands in a field.
#[derive(Clone, Copy)]
enum Content<'a> {
    Given(&'a Value),
    /// Whatever fits.
    MadeUp,
}

impl<'de> IntoDeserializer<'de, Error> for Content<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! fitting {
    ($($method:ident => $visit:ident($value:expr),)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self {
                Self::Given(value) => value.$method(visitor),
                Self::MadeUp => visitor.$visit($value),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for Content<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Given(value) => value.deserialize_any(visitor),
            Self::MadeUp => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Given(value) => value.deserialize_option(visitor),
            Self::MadeUp => visitor.visit_none(),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Given(value) => value.deserialize_enum(name, variants, visitor),
            Self::MadeUp => visitor.visit_unit(),
        }
    }

    fitting! {
        deserialize_bool => visit_bool(false),
        deserialize_i64 => visit_i64(0),
        deserialize_u64 => visit_u64(0),
        deserialize_u8 => visit_u8(0),
        deserialize_str => visit_str(""),
        deserialize_string => visit_str(""),
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u16 u32 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}
