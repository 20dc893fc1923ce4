//! Names in `.env` that are no setting, and look as if they were meant to be one. The file may hold other programs'
//! settings, so a name that resembles none of ours is passed over in silence.

use std::fmt;

use super::raw;

/// A name up to so long may differ in one letter, a longer one in two: short ones resemble each other by themselves.
const SHORT: usize = 5;

/// A name that is probably misspelt, so that what was set has no effect. No fault: it may be somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub(crate) line: usize,
    pub(crate) given: String,
    pub(crate) meant: &'static str,
}

impl Doubt {
    /// Whether a name that is no setting resembles one.
    pub(super) fn about(given: &str, line: usize) -> Option<Self> {
        let upper = given.to_ascii_uppercase();
        let likeness = |name: &'static str| {
            let most = if name.len() <= SHORT { 1 } else { 2 };
            let edits = edits(upper.as_bytes(), name.as_bytes(), most)?;
            Some((edits, name))
        };
        let (_, meant) = raw::all().filter_map(|setting| likeness(setting.name)).min()?;
        Some(Self { line, given: given.to_owned(), meant })
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ".env, line {}: `{}` is no setting of Rondo; is {} meant?", self.line, self.given, self.meant)
    }
}

/// How many letters must be put in, left out, changed, or exchanged with their neighbour; `None` beyond `most`.
fn edits(one: &[u8], other: &[u8], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (at, letter) in one.iter().enumerate() {
        let mut row = vec![at + 1];
        for (to, wanted) in other.iter().enumerate() {
            let changed = rows[at][to] + usize::from(letter != wanted);
            let mut least = changed.min(rows[at][to + 1] + 1).min(row[to] + 1);
            if at > 0 && to > 0 && *letter == other[to - 1] && one[at - 1] == *wanted {
                least = least.min(rows[at - 1][to - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    Some(rows[one.len()][other.len()]).filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_seen_and_what_is_others_is_not() {
        let meant = |given: &str| Doubt::about(given, 1).map(|doubt| doubt.meant);
        for (given, name) in [
            ("PORTT", "PORT"),
            ("PROT", "PORT"),
            ("port", "PORT"),
            ("JWT_SECRT", "JWT_SECRET"),
            ("JWTSECRET", "JWT_SECRET"),
            ("SENTRY_DNS", "SENTRY_DSN"),
            ("DATABASE_URI", "DATABASE_URL"),
        ] {
            assert_eq!(meant(given), Some(name), "{given}");
        }
        for others in [
            "POSTGRES_PASSWORD",
            "POSTGRES_USER",
            "POSTGRES_DB",
            "COMPOSE_PROJECT_NAME",
            "COMPOSE_PROFILES",
            "DOCKER_HOST",
            "PGHOST",
            "PGPORT",
            "NODE_ENV",
            "PATH",
            "TZ",
            "RUST_BACKTRACE",
            "FLY_API_TOKEN",
            "OTEL_SDK_DISABLED",
            "A",
            "",
        ] {
            assert_eq!(meant(others), None, "{others}");
        }
    }
}
