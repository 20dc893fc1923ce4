//! A sum over rows that is the same in whichever order they come: equal sums and counts stand for equal contents.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use sea_orm::Value;

/// How many rows there are, and the sum of their SHA-256 hashes. A sum, and not an exclusive or: two equal rows do not
/// cancel each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// How many rows.
    pub rows: u64,
    sum: [u128; 2],
}

impl Contents {
    pub(super) fn add(&mut self, row: &[Value]) {
        let mut context = Context::new(&SHA256);
        for cell in row {
            match bytes(cell) {
                Some(bytes) => {
                    context.update(&[1]);
                    context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
                    context.update(&bytes);
                }
                None => context.update(&[0]),
            }
        }
        let hash = context.finish();
        for (sum, half) in self.sum.iter_mut().zip(hash.as_ref().chunks_exact(16)) {
            let half = half.iter().fold(0_u128, |half, byte| half << 8 | u128::from(*byte));
            *sum = sum.wrapping_add(half);
        }
        self.rows += 1;
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}{:032x}", self.sum[0], self.sum[1])
    }
}

/// A cell as bytes that do not depend on the database; `None` for a null.
fn bytes(cell: &Value) -> Option<Vec<u8>> {
    match cell {
        Value::Uuid(id) => id.map(|id| id.as_bytes().to_vec()),
        Value::String(text) => text.as_ref().map(|text| text.as_bytes().to_vec()),
        Value::BigInt(number) => number.map(|number| number.to_be_bytes().to_vec()),
        Value::Int(number) => number.map(|number| i64::from(number).to_be_bytes().to_vec()),
        Value::Bytes(bytes) => bytes.as_ref().map(|bytes| bytes.as_slice().to_owned()),
        Value::ChronoDateTimeUtc(time) => time.as_ref().map(|time| {
            let mut bytes = time.timestamp().to_be_bytes().to_vec();
            bytes.extend(time.timestamp_subsec_nanos().to_be_bytes());
            bytes
        }),
        other => Some(format!("{other:?}").into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(rows: &[&[Option<&str>]]) -> Contents {
        let mut contents = Contents::default();
        for row in rows {
            let cells: Vec<Value> = row.iter().map(|cell| cell.map(str::to_owned).into()).collect();
            contents.add(&cells);
        }
        contents
    }

    #[test]
    fn order_does_not_matter_and_all_else_does() {
        let (one, other): (&[_], &[_]) = (&[Some("a"), Some("b")], &[Some("c"), None]);
        assert_eq!(contents(&[one, other]), contents(&[other, one]));
        for different in [
            contents(&[one]),
            contents(&[one, one]),
            contents(&[one, other, other]),
            contents(&[one, &[Some("c"), Some("")]]),
            contents(&[&[Some("ab"), Some("")], other]),
            contents(&[&[Some("b"), Some("a")], other]),
        ] {
            assert_ne!(different, contents(&[one, other]));
        }
        assert_ne!(contents(&[one, one]).to_string(), contents(&[other, other]).to_string());
    }
}
