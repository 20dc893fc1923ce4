//! Parsers that several sections use.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use super::fault::Wrong;

/// A whole number within `range`; `unit` stands behind the limits in the fault: ` seconds`, or nothing.
pub(super) fn whole<T>(text: &str, range: &RangeInclusive<T>, unit: &str) -> Result<T, Wrong>
where
    T: FromStr + PartialOrd + Display,
{
    let remedy = || format!("give a whole number from {} to {}{unit}", range.start(), range.end());
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        Ok(_) => Err(Wrong::new("is out of range", remedy())),
        Err(_) if is_integer(text) => Err(Wrong::new("is out of range", remedy())),
        Err(_) => Err(Wrong::new("is not a whole number", remedy())),
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `on` or `off`; also `true`, `false`, `1` and `0`.
pub(super) fn switch(text: &str) -> Result<bool, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err(Wrong::new("is neither on nor off", "write `on` or `off`")),
    }
}

/// Nothing where the word is `none`, else what `parse` makes of it.
pub(super) fn unless_none<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Result<Option<T>, Wrong> {
    if text.eq_ignore_ascii_case("none") { Ok(None) } else { parse(text).map(Some) }
}

/// One of the named values, without regard to case.
pub(super) fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, Wrong> {
    let chosen = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    chosen.map(|&(_, value)| value).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
        Wrong::new("is not one of the known values", format!("write {}", names.join(" or ")))
    })
}
