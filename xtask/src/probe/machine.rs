//! On what, when and of what commit figures were taken.

use std::fs;
use std::process::Command;

use crate::cargo::root;
use crate::shell::capture;

const UNKNOWN: &str = "unknown";

/// Lines for the head of a file of figures. What cannot be found out says so.
pub(super) fn head() -> String {
    let commit = said(Command::new("git").current_dir(root()).args(["rev-parse", "--short=12", "HEAD"]));
    let changed = said(Command::new("git").current_dir(root()).args(["status", "--porcelain", "--untracked-files=no"]));
    let changed = if changed.is_empty() || changed == UNKNOWN { "" } else { ", with changes that are not committed" };
    format!(
        "date      {}\ncommit    {commit}{changed}\nmachine   {} x {}, {} of memory, {}\ntools     {}\n",
        said(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        line_of("/proc/cpuinfo", "model name"),
        line_of("/proc/meminfo", "MemTotal"),
        said(Command::new("uname").arg("-sr")),
        said(Command::new("rustc").arg("--version")),
    )
}

fn said(command: &mut Command) -> String {
    capture(command).map_or_else(|_| UNKNOWN.to_owned(), |text| text.trim().to_owned())
}

fn line_of(file: &str, key: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    value(&text, key).unwrap_or(UNKNOWN).to_owned()
}

fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| Some(line.strip_prefix(key)?.split_once(':')?.1.trim()))
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_fact_is_found_by_its_name() {
        assert_eq!(value("a: 1\nmodel name\t: Fast CPU\n", "model name"), Some("Fast CPU"));
        assert_eq!(value("a: 1", "b"), None);
    }
}
