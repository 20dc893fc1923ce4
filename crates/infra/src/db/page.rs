//! Where pages begin and end, and the patterns by which names are found.

use chrono::NaiveDate;
use rondo_domain::{
    Timestamp,
    page::{ActivityKey, Limit},
};
use sea_orm::Value;
use uuid::Uuid;

/// What a page asks for, so that it can be seen whether another one follows.
pub(super) fn one_more(limit: Limit) -> i64 {
    i64::try_from(limit.get() + 1).unwrap_or(i64::MAX)
}

/// Where a list of sessions, which runs from the newest to the oldest, begins: after the key, or before everything.
pub(super) fn before(after: Option<ActivityKey>) -> [Value; 2] {
    match after {
        Some(key) => [key.active_at.into(), key.id.0.into()],
        None => [end_of_time().into(), Uuid::max().into()],
    }
}

/// Where a list that runs by ids from the newest to the oldest begins.
pub(super) fn below(after: Option<Uuid>) -> Value {
    after.unwrap_or(Uuid::max()).into()
}

/// Later than anything that happens here, and still four digits, so that SQLite's text sorts right.
pub(super) fn end_of_time() -> Timestamp {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc()
}

/// A pattern for names that hold `part`, whose own `%`, `_` and `\` stand for themselves.
pub(super) fn holds(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_every_character_for_itself() {
        assert_eq!(holds(""), "%%");
        assert_eq!(holds(r"50%_\"), r"%50\%\_\\%");
    }
}
