//! Characters that a document writes as escapes and the parser does not know: pairs of surrogates (`\uD83D\uDE00`) and code
//! points in braces (`\u{1F600}`). They are put as the parser reads them, before it does.

use std::{borrow::Cow, fmt::Write as _};

use super::scan::{after_comment, after_string};

/// The document with such escapes as characters. What stands for no character stays for the parser to refuse.
pub(crate) fn legible(document: &str) -> Cow<'_, str> {
    if !document.contains("\\u") {
        return Cow::Borrowed(document);
    }
    let bytes = document.as_bytes();
    let (mut text, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'#' => at = after_comment(bytes, at),
            b'"' if bytes[at..].starts_with(b"\"\"") => at = after_string(bytes, at), // in a block nothing is an escape
            b'"' => {
                let end = after_string(bytes, at).min(bytes.len());
                while at < end {
                    if bytes[at] != b'\\' {
                        at += 1;
                        continue;
                    }
                    let Some((character, length)) = character(&document[at..end]) else {
                        at += 2; // the escape and what it is of
                        continue;
                    };
                    text.push_str(&document[copied..at]);
                    match u16::try_from(u32::from(character)) {
                        Ok(unit) => {
                            let _infallible = write!(text, "\\u{unit:04X}"); // it may be a quote
                        }
                        Err(_) => text.push(character),
                    }
                    at += length;
                    copied = at;
                }
                at = at.max(end);
            }
            _ => {}
        }
    }
    text.push_str(&document[copied..]);
    Cow::Owned(text)
}

/// The character of an escape that the parser does not know, and how long the escape is.
fn character(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix("\\u")?;
    if let Some(braced) = rest.strip_prefix('{') {
        let (digits, _) = braced.split_once('}')?;
        return Some((char::from_u32(hex(digits)?)?, "\\u{}".len() + digits.len()));
    }
    let unit = |digits: Option<&str>| u16::try_from(hex(digits?)?).ok();
    let pair = [unit(rest.get(..4))?, unit(rest.get(4..)?.strip_prefix("\\u")?.get(..4))?];
    match char::decode_utf16(pair).next()? {
        Ok(character) if u32::from(character) > 0xFFFF => Some((character, "\\uD83D\\uDE00".len())),
        _ => None,
    }
}

fn hex(digits: &str) -> Option<u32> {
    // A sign would pass for a digit.
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn escapes_become_what_the_parser_reads() {
        for (written, read) in [
            (r#"{ a(b: "\uD83D\uDE00") }"#, r#"{ a(b: "😀") }"#),
            (r#"{ a(b: "x\u{1F600}y\uD83D\uDE00z") }"#, r#"{ a(b: "x😀y😀z") }"#),
            (r#"{ a(b: "\u{22}\u{e9}\u{0000041}") }"#, r#"{ a(b: "\u0022\u00E9\u0041") }"#),
            (r#"{ a(b: "\u00e9\\\uD83D\uDE00") }"#, r#"{ a(b: "\u00e9\\😀") }"#),
        ] {
            assert_eq!(legible(written), read);
            assert!(parse_query(&*legible(written)).is_ok(), "{written}");
        }
    }

    #[test]
    fn what_is_no_such_escape_stays() {
        for document in [
            r#"{ a(b: "\\uD83D\\uDE00 \\u{1F600} \u0041") }"#,
            r#"{ a(b: """\uD83D\uDE00 \u{1F600}""") }"#,
            "{ a # \"\\u{1F600}\n b }",
            "{ a # it's \" \\u{1F600}\n b(c: \"\\\"\") }",
            r#"{ a(b: "\uD83D") }"#,
            r#"{ a(b: "\uDE00\uD83D") }"#,
            r#"{ a(b: "\uD83D\u0041") }"#,
            r#"{ a(b: "\u{D83D}\u{110000}\u{}\u{+41}\u{") }"#,
            "\"\\u",
            "\"\\u{1F600",
            "\"\\",
            "\\u{1F600}",
            "\"\\uñññ\\u",
            "\"\\ñ\\u{ñ}",
        ] {
            assert_eq!(legible(document), document);
        }
    }
}
