//! A call of a prepared statement as text: what can go out together with other statements, and so without values of its
//! own. It holds nothing that could be mistaken for anything else: ids, numbers, times and hexadecimal digits.

use std::fmt::{Display, Write as _};

use chrono::SecondsFormat;
use rondo_domain::Timestamp;
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
        self.array(ids, display);
    }

    /// A `bigint[]`.
    pub(crate) fn numbers(&mut self, numbers: impl IntoIterator<Item = i64>) {
        self.array(numbers.into_iter().map(Some), display);
    }

    /// A `timestamptz[]`.
    pub(crate) fn times(&mut self, times: impl IntoIterator<Item = Timestamp>) {
        self.array(times.into_iter().map(Some), |sql, time| {
            display(sql, format_args!("\"{}\"", time.to_rfc3339_opts(SecondsFormat::Micros, true)));
        });
    }

    /// A `bytea[]` of texts in UTF-8.
    pub(crate) fn texts<'t>(&mut self, texts: impl IntoIterator<Item = Option<&'t str>>) {
        self.array(texts, |sql, text| {
            // One backslash stands for none in an array.
            sql.push_str("\"\\\\x");
            sql.reserve(text.len() * 2);
            for byte in text.bytes() {
                for digit in [byte >> 4, byte & 15] {
                    sql.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
                }
            }
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
}
