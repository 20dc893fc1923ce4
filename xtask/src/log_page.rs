//! The page on the log tells of each line that a server writes at info or above: its messages are looked for in the
//! sources, so a new one without a word on the page is a failure.

use std::fs;
use std::path::Path;

use crate::cargo::root;
use crate::shell::Result;

const PAGE: &str = "docs/LOGGING.md";
/// What a server consists of.
const CRATES: &[&str] = &["domain", "trace", "infra", "wire", "graphql", "http", "server"];
/// `event!` is looked at whatever its level.
const MACROS: &[&str] = &["tracing::info!(", "tracing::warn!(", "tracing::error!(", "tracing::event!("];

/// Holds the page against the sources; an error names each message that is not on it.
pub(crate) fn check() -> Result {
    let mut messages = Vec::new();
    for name in CRATES {
        gather(&root().join("crates").join(name).join("src"), &mut messages)?;
    }
    if messages.is_empty() {
        return Err("no message was found in the sources, so nothing was checked".to_owned());
    }
    let page = fs::read_to_string(root().join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))?;
    let untold = untold(&page, &messages);
    if untold.is_empty() { Ok(()) } else { Err(format!("{PAGE} does not tell of: {}", untold.join("; "))) }
}

/// The messages of all sources in a folder and below.
fn gather(folder: &Path, messages: &mut Vec<String>) -> Result {
    let fault = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.is_dir() {
            gather(&path, messages)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            messages.extend(of_source(&text));
        }
    }
    Ok(())
}

/// The messages of a source, its tests left out.
fn of_source(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let calls = MACROS.iter().flat_map(|name| text.split(name).skip(1));
    calls.filter_map(message).collect()
}

/// The last text among the arguments of a call, which begins behind its parenthesis. The texts of fields stand before it.
fn message(call: &str) -> Option<String> {
    let (mut depth, mut last, mut rest) = (0_u32, None, call);
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => return last,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '"' => {
                let (text, behind) = rest.split_once('"')?;
                rest = behind;
                if depth == 0 {
                    let lines: Vec<_> = text.split("\\\n").map(str::trim_start).collect();
                    last = Some(lines.concat());
                }
            }
            _ => {}
        }
    }
    None
}

/// The messages that do not stand on the page: word for word, or by their beginning and a `…`.
fn untold(page: &str, messages: &[String]) -> Vec<String> {
    let rows = page.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split(" | ").next());
    let told: Vec<&str> = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let is_told = |message: &str| {
        told.iter().any(|told| match told.strip_suffix('…') {
            Some(beginning) => message.starts_with(beginning),
            None => message == *told,
        })
    };
    let mut untold: Vec<_> = messages.iter().filter(|message| !is_told(message)).cloned().collect();
    untold.sort_unstable();
    untold.dedup();
    untold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_as_it_is_tells_of_every_line() {
        check().unwrap();
    }

    #[test]
    fn messages_are_found_behind_their_fields_and_without_those_of_tests() {
        let source = r#"
            tracing::info!(user.id = %self.user("a"), kind = "b", "one");
            tracing::warn!(
                error.cause = %error,
                "two is \
                 long"
            );
            tracing::debug!("three");
            tracing::event!(name: "x", Level::WARN, list = ?[("y", "z")], "four");
        "#;
        let tests = "#[cfg(test)]\nmod tests {\n tracing::info!(\"five\");\n}";
        let mut found = of_source(&format!("{source}{tests}"));
        found.sort_unstable();
        assert_eq!(found, ["four", "one", "two is long"]);
    }

    #[test]
    fn a_message_that_is_not_on_the_page_is_named() {
        let page = "| message | level |\n| `one`, `two is …` (what it means) | `INFO` |\n`four`\n";
        let messages = ["one", "two is long", "three", "four"].map(str::to_owned);
        assert_eq!(untold(page, &messages), ["four", "three"]);
    }
}
