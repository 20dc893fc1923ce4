//! A throw-away PostgreSQL from the installed programs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{SETTINGS, url};
use crate::caretaker::Caretaker;
use crate::servers::net::free_port;
use crate::servers::throwaway;
use crate::shell::{Result, capture, find, find_in, is_root, succeeds};

/// Where packages put the server's programs without putting them on the `PATH`; a folder per version stands in each.
const HOMES: [&str; 4] = ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt", "/usr"];

/// Creates the data in `$1` with the `initdb` of `$2` in the locale `$3`; nobody else may look inside.
const CREATE: &str = r#"set -e
umask 077
mkdir "$1"
printf '%s\n' "$PGPASSWORD" >"$1/password"
"$2" --pgdata="$1/data" --username=postgres --auth=password --pwfile="$1/password" \
  --encoding=UTF8 --locale="$3" --no-sync
"#;

/// Stops the server by the words that follow `$1` and takes that folder away, once nobody needs them.
const CLEAR_UP: &str = r#"read -r gone
folder=$1
shift
"$@"
rm -rf -- "$folder"
"#;

/// A server that listens on a free port of 127.0.0.1, and on no socket.
pub(super) struct Instance {
    pub(super) url: String,
    pub(super) address: String,
    pub(super) caretaker: Caretaker,
}

/// Creates and starts a server, as another user when we are root, since PostgreSQL refuses root.
pub(super) fn start() -> Result<Instance> {
    let (initdb, pg_ctl) = (installed("initdb")?, installed("pg_ctl")?);
    let account = Account::choose()?;
    let folder = throwaway::folder(&throwaway::name("postgres"));
    let (data, log) = (folder.join("data"), folder.join("log"));
    let (port, password) = (free_port()?, throwaway::password());

    let mut stop = account.command(&pg_ctl);
    stop.arg("--pgdata").arg(&data).args(["--mode=immediate", "--wait", "stop"]);
    let stop_words = std::iter::once(stop.get_program()).chain(stop.get_args());
    let caretaker = Caretaker::post(CLEAR_UP, std::iter::once(folder.as_os_str()).chain(stop_words))?;

    let mut create = account.command(Path::new("sh"));
    create.args(["-c", CREATE, "create"]).arg(&folder).arg(&initdb).arg(locale());
    capture(create.env("PGPASSWORD", &password))?;

    let mut options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''");
    for setting in SETTINGS {
        options.push_str(" -c ");
        options.push_str(setting);
    }
    let mut start = account.command(&pg_ctl);
    start.arg("--pgdata").arg(&data).arg("--log").arg(&log).args(["--options", &options, "--wait", "start"]);
    capture(&mut start).map_err(|error| format!("{error}{}", last_words(&log)))?;

    let address = format!("127.0.0.1:{port}");
    Ok(Instance { url: url("postgres", Some(&password), &address), address, caretaker })
}

/// One of the server's programs, from the `PATH` or from where packages hide them; the newest version first.
pub(super) fn program(name: &str) -> Option<PathBuf> {
    find(name).or_else(|| find_in(name, HOMES.into_iter().flat_map(versions)))
}

fn installed(name: &str) -> Result<PathBuf> {
    program(name).ok_or_else(|| format!("`{name}` of a PostgreSQL server is not installed"))
}

/// The `bin` folders of the versions under this folder, highest number first.
fn versions(home: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(home)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((version(entry.file_name().to_str()?)?, entry.path().join("bin"))))
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, bin)| bin).collect()
}

/// The number in `16`, `pgsql-16` or `postgresql@16`.
fn version(folder: &str) -> Option<u32> {
    let number = ["pgsql-", "postgresql@"].into_iter().find_map(|prefix| folder.strip_prefix(prefix));
    number.unwrap_or(folder).parse().ok()
}

/// As whom the server runs.
enum Account {
    Ourselves,
    Other(&'static str),
}

impl Account {
    fn choose() -> Result<Self> {
        if !is_root() {
            return Ok(Self::Ourselves);
        }
        if find("runuser").is_none() {
            return Err("PostgreSQL refuses to run as root, and there is no `runuser` here".to_owned());
        }
        let exists = |user: &&str| succeeds(Command::new("id").arg(user));
        ["postgres", "nobody"]
            .into_iter()
            .find(exists)
            .map(Self::Other)
            .ok_or_else(|| "PostgreSQL refuses to run as root, and there is no user `postgres` here".to_owned())
    }

    /// This program as that user, in a folder that everyone may enter.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self {
            Self::Ourselves => Command::new(program),
            Self::Other(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
        };
        command.current_dir(env::temp_dir());
        command
    }
}

/// A locale of UTF-8 that every such system has.
const fn locale() -> &'static str {
    if cfg!(target_os = "macos") { "en_US.UTF-8" } else { "C.UTF-8" }
}

fn last_words(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].iter().flat_map(|line| ["\n  ", line]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_a_folders_name() {
        assert_eq!(version("15"), Some(15));
        assert_eq!(version("pgsql-16"), Some(16));
        assert_eq!(version("postgresql@17"), Some(17));
        assert_eq!(version("share"), None);
    }
}
