//! Running other programs, with failures told in sentences.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a chore gives, or the sentence that says why not.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// Shows the command, then runs it with its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result {
    println!("$ {}", line(command));
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", line(command))) }
}

/// Runs the command quietly and gives what it printed.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        return String::from_utf8(output.stdout)
            .map_err(|_| format!("`{}` printed something other than UTF-8", program(command)));
    }
    Err(format!("`{}` ended with {}{}", program(command), output.status, complaint(&output)))
}

/// Whether the command runs and ends well; its output is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    capture(command).is_ok()
}

/// The program's full path, when it is on `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    find_in(program, env::split_paths(&path))
}

/// The first of these folders that holds the program, as the program's full path.
pub(crate) fn find_in(program: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    folders.into_iter().map(|folder| folder.join(&file)).find(|path| path.is_file())
}

/// Whether we are root, who may install packages and may not run PostgreSQL.
pub(crate) fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// An environment variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` could not be started: {error}", program(command))
}

/// The program's bare name: arguments may hold a password, so failures of quiet commands do not show them.
fn program(command: &Command) -> String {
    let path = Path::new(command.get_program());
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn line(command: &Command) -> String {
    let words = command.get_args().map(OsStr::to_string_lossy);
    std::iter::once(program(command).into()).chain(words).collect::<Vec<_>>().join(" ")
}

/// The last few lines that a failed program left on standard error.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(6)..];
    if last.is_empty() { String::new() } else { format!(": {}", last.join(" / ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_program_and_its_complaint_but_no_argument() {
        let error = capture(Command::new("sh").args(["-c", "echo broken >&2; exit 3", "secret"])).unwrap_err();
        assert!(error.contains("`sh`") && error.contains("broken") && error.contains('3'), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = capture(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert!(error.contains("no-such-program-anywhere"), "{error}");
        assert!(find("no-such-program-anywhere").is_none());
    }
}
