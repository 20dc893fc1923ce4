//! `cargo xtask coverage`: every test with instrumented binaries, and which lines of the product they ran.
//!
//! Counted is what the product is made of. Tests, tools, and `#[cfg(test)]` modules are not: they run whole, and would
//! make the figure better than it is. Child processes of the tests (`rondo` itself) count as the tests do.

mod badge;
mod lcov;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cargo::{cargo, root, target_dir};
use crate::report::Report;
use crate::shell::{Result, capture, find, run as run_command};
use lcov::{Lines, Tally};

/// At least so many of a hundred lines must be run: of the whole, and of the domain.
const WHOLE: f64 = 85.0;
const DOMAIN: f64 = 95.0;

/// The folders that make the product, and the name under which each stands in the table.
const PARTS: &[(&str, &str)] = &[
    ("crates/domain/", "domain"),
    ("crates/wire/", "wire"),
    ("crates/infra/", "infra"),
    ("crates/graphql/", "graphql"),
    ("crates/http/", "http"),
    ("crates/server/", "server"),
    ("migration/", "migration"),
];

/// Runs the tests, unless only the report of the last run is wanted, and writes the report to `target/coverage`.
pub(crate) fn run(report_only: bool) -> ExitCode {
    let mut report = Report::new("cargo xtask coverage");
    if let Some(surroundings) = report.step("cargo-llvm-cov", Surroundings::find) {
        if !report_only {
            report.step("tests", || {
                run_command(surroundings.apply(&mut cargo(["llvm-cov", "clean", "--profraw-only"])))?;
                run_command(surroundings.apply(&mut itself("test")?))
            });
        }
        if let Some(parts) = report.step("report", || surroundings.measure()) {
            for (name, tally) in &parts {
                println!("{name:<10} {:>6.2} %  of {} lines", tally.percent(), tally.lines);
            }
            report.step("thresholds", || judge(&parts));
        }
    }
    report.finish()
}

fn itself(command: &str) -> Result<Command> {
    let program = std::env::current_exe().map_err(|error| format!("xtask cannot find itself: {error}"))?;
    let mut itself = Command::new(program);
    itself.current_dir(root()).arg(command);
    Ok(itself)
}

/// What makes cargo build with instruments, in a folder of its own: other builds stay as they are.
struct Surroundings {
    variables: Vec<(String, String)>,
    output: PathBuf,
}

impl Surroundings {
    fn find() -> Result<Self> {
        if find("cargo-llvm-cov").is_none() {
            return Err("it is not installed (`cargo install --locked cargo-llvm-cov`)".to_owned());
        }
        let target = target_dir()?;
        let folder = target.join("llvm-cov-target");
        let mut show = cargo(["llvm-cov", "show-env", "--sh", "--no-cfg-coverage"]);
        let mut variables = exports(&capture(show.env("CARGO_TARGET_DIR", &folder))?);
        variables.push(("CARGO_TARGET_DIR".to_owned(), folder.display().to_string()));
        Ok(Self { variables, output: target.join("coverage") })
    }

    fn apply<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)))
    }

    /// Turns what the tests left into `lcov.info`, `summary.md` and `coverage.svg`; gives the parts, the whole last.
    fn measure(&self) -> Result<Vec<(&'static str, Tally)>> {
        let wrong = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        fs::create_dir_all(&self.output).map_err(|error| wrong(&self.output, error))?;
        let info = self.output.join("lcov.info");
        let mut command = cargo(["llvm-cov", "report", "--lcov", "--output-path"]);
        run_command(self.apply(command.arg(&info)))?;
        let text = fs::read_to_string(&info).map_err(|error| wrong(&info, error))?;
        let parts = tally(&lcov::parse(&text)?, |path| fs::read_to_string(path).ok())?;
        for (name, contents) in [("summary.md", summary(&parts)), ("coverage.svg", badge::draw(whole(&parts)))] {
            let path = self.output.join(name);
            fs::write(&path, contents).map_err(|error| wrong(&path, error))?;
        }
        Ok(parts)
    }
}

/// The variables of lines like `export NAME='value'`.
fn exports(text: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
        Some((name.to_owned(), value.trim_matches('\'').to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

/// Each part's lines, then the whole's. `source` gives a file's text, for its tests to be left out.
fn tally(files: &[(String, Lines)], source: impl Fn(&str) -> Option<String>) -> Result<Vec<(&'static str, Tally)>> {
    let mut parts: Vec<(&'static str, Tally)> = PARTS.iter().map(|(_, name)| (*name, Tally::default())).collect();
    for (path, lines) in files {
        let relative = Path::new(path).strip_prefix(root()).unwrap_or(Path::new(path)).to_string_lossy().into_owned();
        let Some(part) = PARTS.iter().position(|(folder, _)| relative.starts_with(folder)) else { continue };
        if is_test(&relative) {
            continue;
        }
        let end = source(path).as_deref().and_then(first_test_line).unwrap_or(usize::MAX);
        parts[part].1.add(lines, end);
    }
    let mut whole = Tally::default();
    for (name, part) in &parts {
        if part.lines == 0 {
            return Err(format!("nothing was measured of {name}"));
        }
        whole.lines += part.lines;
        whole.ran += part.ran;
    }
    parts.push(("whole", whole));
    Ok(parts)
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/testing/")
}

/// The line, from 1, at which a file's own tests begin; they stand last.
fn first_test_line(source: &str) -> Option<usize> {
    let lines: Vec<&str> = source.lines().collect();
    let opens = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{');
    lines.windows(2).position(opens).map(|index| index + 1)
}

fn whole(parts: &[(&'static str, Tally)]) -> f64 {
    parts.last().map_or(0.0, |(_, tally)| tally.percent())
}

fn summary(parts: &[(&'static str, Tally)]) -> String {
    let rows = parts.iter().map(|(name, tally)| format!("| {name} | {} | {:.2} % |\n", tally.lines, tally.percent()));
    format!(
        "## Coverage\n\n| part | lines | run by tests |\n| --- | ---: | ---: |\n{}",
        rows.collect::<Vec<_>>().concat()
    )
}

fn judge(parts: &[(&'static str, Tally)]) -> Result {
    let floor = |name: &str| match name {
        "whole" => Some(WHOLE),
        "domain" => Some(DOMAIN),
        _ => None,
    };
    let low = |(name, tally): &(&'static str, Tally)| {
        let floor = floor(name).filter(|floor| tally.percent() < *floor)?;
        Some(format!("{name}: {:.2} % of the lines are run, at least {floor} % should be", tally.percent()))
    };
    let low: Vec<String> = parts.iter().filter_map(low).collect();
    if low.is_empty() { Ok(()) } else { Err(low.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ran: usize, lines: usize) -> Tally {
        Tally { lines, ran }
    }

    #[test]
    fn too_little_of_the_domain_is_a_failure_even_if_the_whole_is_well_tried() {
        assert!(judge(&[("domain", of(95, 100)), ("http", of(10, 100)), ("whole", of(85, 100))]).is_ok());
        assert!(judge(&[("domain", of(94, 100)), ("whole", of(99, 100))]).unwrap_err().contains("domain"));
        assert!(judge(&[("domain", of(99, 100)), ("whole", of(84, 100))]).unwrap_err().contains("whole"));
    }

    #[test]
    fn tests_and_tools_do_not_count() {
        let file = |path: &str, lines: &[(usize, u64)]| (root().join(path).display().to_string(), lines.to_vec());
        let mut files: Vec<_> =
            PARTS.iter().map(|(folder, _)| file(&format!("{folder}src/lib.rs"), &[(1, 1)])).collect();
        files.push(file("crates/domain/src/policy.rs", &[(1, 0), (4, 9)]));
        files.push(file("crates/domain/src/session/tests.rs", &[(1, 0)]));
        files.push(file("crates/probe/src/main.rs", &[(1, 0)]));
        let text = "fn rule() {}\n\n#[cfg(test)]\nmod tests {\n}\n".to_owned();
        let parts = tally(&files, |_| Some(text.clone())).unwrap();
        assert_eq!(parts[0].0, "domain");
        assert_eq!((parts[0].1.lines, parts[0].1.ran), (2, 1));
        assert_eq!(parts.last().unwrap().1.lines, PARTS.len() + 1);
        assert!(tally(&[], |_| None).is_err(), "nothing measured passed for all measured");
    }

    #[test]
    fn what_cargo_llvm_cov_exports_is_read() {
        let text = "export RUSTC_WRAPPER=/bin/x\nexport LLVM_PROFILE_FILE='/t/w-%p.profraw'\n";
        let found = exports(text);
        assert_eq!(found[0], ("RUSTC_WRAPPER".to_owned(), "/bin/x".to_owned()));
        assert_eq!(found[1].1, "/t/w-%p.profraw");
    }
}
