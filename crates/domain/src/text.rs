//! The one way in which text enters: trimmed, without NUL, its length counted in characters.

use crate::invalid::Reason;

/// Trims `raw` and holds it against its limits (in characters, both inclusive).
///
/// # Errors
/// `required` when nothing is left, `too_short`, `too_long`, or `nul_character`.
pub(crate) fn trimmed(raw: &str, min: usize, max: usize) -> Result<String, Reason> {
    if raw.contains('\0') {
        return Err(Reason::new("nul_character", "must not contain a NUL character"));
    }
    let text = raw.trim();
    let length = text.chars().count();
    if length == 0 && min > 0 {
        return Err(Reason::new("required", "must not be blank"));
    }
    if length < min {
        return Err(Reason::new("too_short", format!("must have at least {min} characters, has {length}")));
    }
    if length > max {
        return Err(Reason::new("too_long", format!("must have at most {max} characters, has {length}")));
    }
    Ok(text.to_owned())
}

/// An absolute `http` or `https` address of at most 2,048 characters.
///
/// # Errors
/// `invalid_format` when it is not one, else as [`trimmed`].
pub(crate) fn web_address(raw: &str) -> Result<String, Reason> {
    let text = trimmed(raw, 1, 2_048)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if host.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Reason::new("invalid_format", "must be an absolute http or https address"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters_after_trimming() {
        assert_eq!(trimmed("  ñandú 🦤  ", 1, 7).unwrap(), "ñandú 🦤");
        assert_eq!(trimmed("ñandú 🦤", 1, 6).unwrap_err().code, "too_long");
        assert_eq!(trimmed(" \n\t ", 1, 6).unwrap_err().code, "required");
        assert_eq!(trimmed("a", 2, 6).unwrap_err().code, "too_short");
    }

    #[test]
    fn nul_is_refused_wherever_it_stands() {
        for text in ["\0", "a\0b", "a\0", " \0 "] {
            assert_eq!(trimmed(text, 0, 10).unwrap_err().code, "nul_character");
        }
    }

    #[test]
    fn only_absolute_web_addresses_pass() {
        assert!(web_address("https://rondo.dev/a.png?x=1").is_ok());
        for text in ["ftp://rondo.dev", "//rondo.dev", "https://", "https://?", "javascript:alert(1)", "https://a b"] {
            assert_eq!(web_address(text).unwrap_err().code, "invalid_format", "{text}");
        }
    }
}
