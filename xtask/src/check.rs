//! `cargo xtask check`: what CI asks before the tests. Every step runs, even when one before it failed.

use std::process::{Command, ExitCode};

use crate::cargo::{build, cargo, root};
use crate::report::Report;
use crate::shell::{capture, find, run as run_command};
use crate::{deployment, documents, layers, log_page};

const FORMAT: &[&str] = &["fmt", "--all", "--check"];
const LINTS: &[&str] = &["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
/// The fuzz targets are a workspace of their own; locks nothing anew, and fails where that were needed.
const FUZZ_LOCK: &[&str] = &["update", "--workspace", "--locked", "--manifest-path", "fuzz/Cargo.toml"];
const RUSTDOC: &[&str] = &["doc", "--no-deps", "--workspace", "--locked"];

/// A program that one installs apart, what it is asked, and the name of the step.
const EXTRAS: &[(&str, &[&str], &str)] = &[
    ("cargo-deny", &["deny", "--locked", "check", "bans", "licenses", "sources"], "licences, versions and sources"),
    ("cargo-machete", &["machete"], "unused dependencies"),
];

/// Brings the list of advisories up to date, and holds the dependencies against it. The list is fetched from outside:
/// where that cannot be had nothing is found out. CI asks `cargo deny check advisories` itself, which then fails.
const FETCH_ADVISORIES: &[&str] = &["deny", "--locked", "fetch", "db"];
const ADVISORIES: &[&str] = &["deny", "--locked", "check", "--disable-fetch", "advisories"];

/// The same for those that CI installs from `.ci/linters.txt`.
const LINTERS: &[(&str, &[&str], &str)] = &[
    ("hadolint", &["--failure-threshold", "info", "Dockerfile"], "hadolint"),
    ("zizmor", &["--offline", "--min-severity", "medium", ".github"], "zizmor"),
    ("check-jsonschema", &["--builtin-schema", "vendor.compose-spec", "docker-compose.yml"], "compose file's schema"),
    (
        "check-jsonschema",
        &[
            "--builtin-schema",
            "vendor.github-workflows",
            ".github/workflows/ci.yml",
            ".github/workflows/main.yml",
            ".github/workflows/weekly.yml",
        ],
        "workflows' schema",
    ),
];

/// Runs every check.
pub(crate) fn run() -> ExitCode {
    let mut report = Report::new("cargo xtask check");
    report.step("format", || run_command(&mut cargo(FORMAT.iter().copied())));
    report.step("layers", layers::check);
    report.step("containers and workflows", deployment::check);
    report.step("lines of the log", log_page::check);
    report.step("lints", || run_command(&mut cargo(LINTS.iter().copied())));
    report.step("fuzz targets' lock", || run_command(&mut cargo(FUZZ_LOCK.iter().copied())));
    report.step("documentation", || run_command(cargo(RUSTDOC.iter().copied()).env("RUSTDOCFLAGS", "--deny warnings")));
    for &(program, words, name) in LINTERS {
        if find(program).is_some() {
            report.step(name, || run_command(Command::new(program).current_dir(root()).args(words)));
        } else {
            report.not_run(name, &format!("{program} is not installed (`pip install -r .ci/linters.txt`)"));
        }
    }
    for &(program, words, name) in EXTRAS {
        if find(program).is_some() {
            // Without it cargo-machete takes its own name for a folder: it tells by it how it was called.
            let step = || run_command(cargo(words.iter().copied()).env_remove("CARGO_PKG_NAME"));
            report.step(name, step);
        } else {
            report.not_run(name, &format!("{program} is not installed (`cargo install --locked {program}`)"));
        }
    }
    advisories(&mut report);
    match report.step("build", build) {
        Some(rondo) => {
            report.step("generated documents", || documents::check(&rondo));
        }
        None => report.not_run("generated documents", "the build failed"),
    }
    report.finish()
}

fn advisories(report: &mut Report) {
    const NAME: &str = "advisories";
    if find("cargo-deny").is_none() {
        return report.not_run(NAME, "cargo-deny is not installed (`cargo install --locked cargo-deny`)");
    }
    match capture(&mut cargo(FETCH_ADVISORIES.iter().copied())) {
        Ok(_) => drop(report.step(NAME, || run_command(&mut cargo(ADVISORIES.iter().copied())))),
        Err(error) => report.not_run(NAME, &format!("their list could not be fetched: {error}")),
    }
}
