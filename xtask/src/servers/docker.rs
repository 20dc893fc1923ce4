//! Throw-away containers.

use std::process::Command;

use super::throwaway;
use crate::caretaker::Caretaker;
use crate::shell::{Result, capture, find, run, succeeds};

/// Removes the container that `$1` names, once nobody needs it.
const REMOVE: &str = r#"read -r gone
docker rm --force --volumes "$1"
"#;

/// A container that listens on a port of 127.0.0.1.
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) caretaker: Caretaker,
}

/// What to run.
pub(crate) struct Image<'a> {
    pub(crate) kind: &'a str,
    /// Its name and tag.
    pub(crate) name: &'a str,
    /// The port inside the container.
    pub(crate) port: u16,
    pub(crate) environment: &'a [(&'a str, &'a str)],
    /// The program inside the container and its arguments, when the image's own will not do.
    pub(crate) command: &'a [&'a str],
}

/// Starts a container; it may not answer yet.
pub(crate) fn start(wanted: &Image<'_>) -> Result<Container> {
    if find("docker").is_none() {
        return Err("docker is not installed".to_owned());
    }
    if !succeeds(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"])) {
        return Err("docker is installed, but no engine answers".to_owned());
    }
    let name = throwaway::name(wanted.kind);
    let caretaker = Caretaker::post(REMOVE, [&name])?;
    let mut command = Command::new("docker");
    command.args(["run", "--detach", "--name", &name, "--publish", &format!("127.0.0.1::{}", wanted.port)]);
    for (variable, value) in wanted.environment {
        // The value goes by the environment, where other people on this machine do not see it.
        command.env(variable, value).args(["--env", variable]);
    }
    run(command.arg(wanted.name).args(wanted.command))?;
    let published = capture(Command::new("docker").args(["port", &name, &format!("{}/tcp", wanted.port)]))?;
    let port = published.lines().next().and_then(|line| line.rsplit_once(':')?.1.trim().parse().ok());
    let port = port.ok_or_else(|| format!("docker did not say on which port {name} listens"))?;
    Ok(Container { name, port, caretaker })
}
