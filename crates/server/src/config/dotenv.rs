//! The `.env` file: below flags and environment, and never put into the environment of the process.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind, Read},
    path::Path,
};

use super::{
    doubt::Doubt,
    fault::{Fault, Faults},
    raw::{self, RawSettings},
};

/// Adds what the file says to `raw`, where nothing stronger speaks, and notes each broken line, and each name that seems
/// misspelt. A missing file is fine.
pub(super) fn read(path: &Path, raw: &mut RawSettings, noted: &mut Faults) {
    match fs::read_to_string(path) {
        Ok(text) => parse(text.strip_prefix('\u{feff}').unwrap_or(&text), raw, noted),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => noted.faults.push(Fault::new(
            ".env",
            format!("the file cannot be read ({error})"),
            "make it a readable text file in UTF-8, or remove it",
        )),
    }
}

fn parse(text: &str, raw: &mut RawSettings, noted: &mut Faults) {
    // A line's end must not depend on whether it is the last one.
    let text = format!("{text}\n");
    let lines_read = Cell::new(0);
    let mut seen = BTreeMap::new();
    for entry in dotenvy::Iter::new(Lines { rest: text.as_bytes(), read: &lines_read }) {
        let line = lines_read.get();
        match entry {
            Ok((name, value)) => {
                if !is_setting(&name) {
                    noted.doubts.extend(Doubt::about(&name, line));
                } else if let Some(first) = seen.insert(name.clone(), line) {
                    let problem = format!("stands in `.env` twice, on lines {first} and {line}");
                    noted.faults.push(Fault::new(&name, problem, "keep one of them"));
                }
                raw.add_from_dotenv(&name, value);
            }
            // The error's own words quote the line, which may hold a secret.
            Err(dotenvy::Error::LineParse(content, _)) => noted.faults.push(broken(&content, line)),
            Err(_) => noted.faults.push(Fault::new(
                format!(".env, line {line}"),
                "the line cannot be read",
                "write `NAME=value`, the value in single quotes if it holds blanks, `#`, `$` or `\\`",
            )),
        }
    }
}

fn broken(content: &str, last_line: usize) -> Fault {
    let line = (last_line + 1).saturating_sub(content.lines().count().max(1));
    let name = content.split('=').next().and_then(|start| start.split_whitespace().last()).unwrap_or_default();
    let of = if is_setting(name) { format!(" ({name})") } else { String::new() };
    Fault::new(
        format!(".env, line {line}{of}"),
        "the line is not of the form `NAME=value`, or a quote is not closed",
        "mend it, with the value in single quotes if it holds blanks, `#`, `$` or `\\`; a comment begins with `#`",
    )
}

fn is_setting(name: &str) -> bool {
    raw::all().any(|setting| setting.name == name)
}

/// Hands a text out line by line and counts, so that a fault can say on which line it is.
struct Lines<'a> {
    rest: &'a [u8],
    read: &'a Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let line = self.rest.iter().position(|byte| *byte == b'\n').map_or(self.rest.len(), |end| end + 1);
        let count = line.min(buffer.len());
        let (now, later) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.read.set(self.read.get() + usize::from(now.ends_with(b"\n")));
        self.rest = later;
        Ok(count)
    }
}
