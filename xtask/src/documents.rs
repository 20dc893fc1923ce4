//! The documents that the `rondo` binary writes about itself, and their committed copies.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cargo::{build, root};
use crate::report::Report;
use crate::shell::{Result, capture};

/// A command of `rondo` and the file that holds what it prints. A new document is a line here.
const DOCUMENTS: &[(&[&str], &str)] = &[
    (&["openapi"], "docs/openapi.json"),
    (&["asyncapi"], "docs/asyncapi.json"),
    (&["graphql-schema"], "docs/schema.graphql"),
    (&["docs", "errors"], "docs/errors.md"),
    (&["docs", "events"], "docs/EVENTS.md"),
    (&["docs", "metrics"], "docs/METRICS.md"),
];

/// `cargo xtask docs`: writes every document anew.
pub(crate) fn run() -> ExitCode {
    let mut report = Report::new("cargo xtask docs");
    if let Some(rondo) = report.step("build", build) {
        report.step("generated documents", || write(&rondo));
    }
    report.finish()
}

/// Whether each committed document is what the binary would write; an error names those that are not.
pub(crate) fn check(rondo: &Path) -> Result {
    let mut stale = Vec::new();
    for &(command, file) in DOCUMENTS {
        let wanted = print(rondo, command)?;
        match fs::read_to_string(root().join(file)) {
            Ok(found) if found == wanted => println!("{file} is what `rondo {}` prints", command.join(" ")),
            Ok(found) => stale.push(format!("{file} is stale ({})", first_difference(&found, &wanted))),
            Err(error) => stale.push(format!("{file} cannot be read ({error})")),
        }
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("{}: run `cargo xtask docs`", stale.join(", "))) }
}

fn write(rondo: &Path) -> Result {
    for &(command, file) in DOCUMENTS {
        let text = print(rondo, command)?;
        fs::write(root().join(file), text).map_err(|error| format!("cannot write {file}: {error}"))?;
        println!("wrote {file}");
    }
    Ok(())
}

fn print(rondo: &Path, command: &[&str]) -> Result<String> {
    capture(Command::new(rondo).current_dir(root()).args(command))
}

fn first_difference(found: &str, wanted: &str) -> String {
    let same = found.lines().zip(wanted.lines()).take_while(|(found, wanted)| found == wanted).count();
    format!("first in line {}", same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\nc", "a\nx\nc"), "first in line 2");
        assert_eq!(first_difference("a\n", "a\nb\n"), "first in line 2");
    }
}
