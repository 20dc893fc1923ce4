//! A call of a prepared statement as text: what can go out together with other statements, and so without values of its
//! own. It holds nothing that could be mistaken for anything else: ids, numbers, times and hexadecimal digits.

use std::fmt::{Display, Write as _};

use chrono::SecondsFormat;
use rondo_domain::{Timestamp, moment};
use uuid::Uuid;

/// `EXECUTE …`, put together argument by argument.
pub(crate) struct Call {
    sql: String,
    separator: &'static str,
}

impl Call {
    /// Of this statement, which is of this house.
    pub(crate) fn to(statement: &'static str) -> Self {
        Self { sql: format!("EXECUTE {statement} ("), separator: "" }
    }

    /// A `uuid[]`.
    pub(crate) fn ids(&mut self, ids: impl IntoIterator<Item = Option<Uuid>>) {
        self.array(ids, |sql, id| sql.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer())));
    }

    /// A `bigint[]`.
    pub(crate) fn numbers(&mut self, numbers: impl IntoIterator<Item = i64>) {
        self.array(numbers.into_iter().map(Some), display);
    }

    /// A `timestamptz[]`.
    pub(crate) fn times(&mut self, times: impl IntoIterator<Item = Timestamp>) {
        self.array(times.into_iter().map(Some), |sql, time| {
            sql.push('"');
            match moment::digits(time) {
                Some(digits) => sql.extend(str::from_utf8(&digits)),
                None => sql.push_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            }
            sql.push('"');
        });
    }

    /// A `bytea[]` of texts in UTF-8.
    pub(crate) fn texts<'t>(&mut self, texts: impl IntoIterator<Item = Option<&'t str>>) {
        self.array(texts, |sql, text| {
            // One backslash stands for none in an array.
            sql.push_str("\"\\\\x");
            hexadecimal(sql, text.as_bytes());
            sql.push('"');
        });
    }

    /// The whole statement.
    pub(crate) fn end(mut self) -> String {
        self.sql.push(')');
        self.sql
    }

    fn array<T>(&mut self, items: impl IntoIterator<Item = Option<T>>, write: impl Fn(&mut String, T)) {
        self.sql.push_str(self.separator);
        self.separator = ",";
        self.sql.push_str("'{");
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.sql.push(',');
            }
            match item {
                Some(item) => write(&mut self.sql, item),
                None => self.sql.push_str("NULL"),
            }
        }
        self.sql.push_str("}'");
    }
}

fn display(sql: &mut String, value: impl Display) {
    let _infallible = write!(sql, "{value}");
}

/// A message is a few hundred of these, and a batch many messages: a piece at a time, and not each by itself.
fn hexadecimal(sql: &mut String, bytes: &[u8]) {
    const PIECE: usize = 64;
    sql.reserve(bytes.len() * 2);
    for piece in bytes.chunks(PIECE) {
        let mut digits = [0; PIECE * 2];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(piece) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        sql.extend(str::from_utf8(&digits[..piece.len() * 2]));
    }
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' - 10 + value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_text_holds_only_its_digits_are_sent() {
        let mut call = Call::to("rondo_try");
        call.ids([Some(Uuid::nil()), None]);
        call.numbers([7, -1]);
        call.times([Timestamp::UNIX_EPOCH]);
        call.texts([Some("'\\\"ñ"), None, Some("")]);
        let expected = concat!(
            "EXECUTE rondo_try ('{00000000-0000-0000-0000-000000000000,NULL}','{7,-1}',",
            r#"'{"1970-01-01T00:00:00.000000Z"}','{"\\x275c22c3b1",NULL,"\\x"}')"#
        );
        assert_eq!(call.end(), expected);
    }

    #[test]
    fn all_of_a_long_text_is_sent_in_its_order() {
        let text: String = ('\0'..='\u{ff}').cycle().take(1_000).collect();
        let mut call = Call::to("rondo_try");
        call.texts([Some(text.as_str())]);
        let digits: Vec<_> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let digits = digits.concat();
        assert_eq!(call.end(), format!("EXECUTE rondo_try ('{{\"\\\\x{digits}\"}}')"));
    }
}
