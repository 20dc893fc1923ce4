//! Moments as digits.

use chrono::{Datelike as _, Timelike as _};

use crate::Timestamp;

/// A moment in UTC to the microsecond, as RFC 3339 has it, such as `2026-01-31T12:00:00.000000Z`. `None` for a leap second and
/// outside of the years 0 to 9999, which chrono writes. A page of messages and a batch hold dozens of moments, and its formatter
/// takes ten times as long.
#[must_use]
pub fn digits(moment: Timestamp) -> Option<[u8; 27]> {
    let mut digits = *b"0000-00-00T00:00:00.000000Z";
    let time = moment.time();
    let year = u32::try_from(moment.year()).ok().filter(|year| *year <= 9_999 && time.nanosecond() < 1_000_000_000)?;
    let places = [
        (0..4, year),
        (5..7, moment.month()),
        (8..10, moment.day()),
        (11..13, time.hour()),
        (14..16, time.minute()),
        (17..19, time.second()),
        (20..26, time.nanosecond() / 1_000),
    ];
    for (place, mut number) in places {
        for digit in digits[place].iter_mut().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
        }
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, SecondsFormat};

    use super::*;

    #[test]
    fn every_moment_is_written_as_the_library_writes_it() {
        let usual = (0..20_000).map(|step| DateTime::from_timestamp_nanos(step * 123_456_789_012_345 + step * 999_999));
        let edges = ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.000001Z"];
        for moment in usual.chain(edges.into_iter().map(|text| text.parse().unwrap())) {
            let digits = digits(moment).unwrap();
            assert_eq!(str::from_utf8(&digits).unwrap(), moment.to_rfc3339_opts(SecondsFormat::Micros, true));
        }
        for unusual in ["2016-12-31T23:59:60.5Z", "+12345-06-07T08:09:10Z", "-0001-01-01T00:00:00Z"] {
            assert_eq!(digits(unusual.parse().unwrap()), None);
        }
    }
}
