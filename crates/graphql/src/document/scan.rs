//! A look over a document before it is parsed: the parser descends as deep as brackets stand, and reads as long as there
//! are tokens.

use super::limits::{NESTING, TOKENS};

/// Why a document is not even parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooLarge {
    Tokens,
    Nesting,
}

/// Counts tokens and brackets. What is no GraphQL passes: the parser tells what is wrong with it.
pub(crate) fn scan(document: &str) -> Result<(), TooLarge> {
    let bytes = document.as_bytes();
    let (mut at, mut tokens, mut nesting) = (0, 0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => continue,
            b'#' => {
                at = after_comment(bytes, at);
                continue;
            }
            b'"' => at = after_string(bytes, at),
            b'{' | b'[' | b'(' => {
                nesting += 1;
                if nesting > NESTING {
                    return Err(TooLarge::Nesting);
                }
            }
            b'}' | b']' | b')' => nesting = nesting.saturating_sub(1),
            byte if is_word(*byte) => at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count(),
            _ => {}
        }
        tokens += 1;
        if tokens > TOKENS {
            return Err(TooLarge::Tokens);
        }
    }
    Ok(())
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Where a comment ends that begins before `at`.
pub(super) fn after_comment(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count()
}

/// Where a string ends whose first quote stands before `at`.
pub(super) fn after_string(bytes: &[u8], at: usize) -> usize {
    if bytes[at..].starts_with(b"\"\"") {
        let mut at = at + 2;
        while at < bytes.len() {
            match &bytes[at..] {
                [b'\\', b'"', b'"', b'"', ..] => at += 4,
                [b'"', b'"', b'"', ..] => return at + 3,
                _ => at += 1,
            }
        }
        return at;
    }
    let mut at = at;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_strings_and_comments_does_not_count() {
        let brackets = "{[(".repeat(1_000);
        for document in [
            format!("{{ a(b: \"{brackets}\") }} # {brackets}\n{{b}}"),
            format!("{{ a(b: \"\"\"{brackets} \" \\\"\"\" {brackets}\"\"\") }}"),
            format!("{{ a(b: \"\\\"{brackets}\") }}"),
        ] {
            assert_eq!(scan(&document), Ok(()), "{document}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        assert_eq!(scan(&"{a".repeat(NESTING)), Ok(()));
        assert_eq!(scan(&"{a".repeat(NESTING + 1)), Err(TooLarge::Nesting));
        assert_eq!(scan(&"[".repeat(200_000)), Err(TooLarge::Nesting));
        assert_eq!(scan(&"a ".repeat(TOKENS)), Ok(()));
        assert_eq!(scan(&"a ".repeat(TOKENS + 1)), Err(TooLarge::Tokens));
        assert_eq!(scan(&"!".repeat(TOKENS + 1)), Err(TooLarge::Tokens));
        for odd in ["\"", "\"\"\"", "\"\\", "\u{feff}{ñ}", "", "}}}}"] {
            assert_eq!(scan(odd), Ok(()), "{odd}");
        }
    }
}
