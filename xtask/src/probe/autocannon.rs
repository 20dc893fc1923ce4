//! autocannon, a load tool that others know, on the REST endpoints; its tables stand in `docs/autocannon-<endpoint>.txt`.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Ground, Tools, machine};
use crate::report::Report;
use crate::shell::Result;
use crate::{cargo, javascript};

const CONNECTIONS: &str = "50";
/// How long the server may take to stand, with people and messages.
const PATIENCE: Duration = Duration::from_mins(1);

struct Endpoint {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    body: Option<&'static str>,
}

const ENDPOINTS: &[Endpoint] = &[
    Endpoint { name: "health-live", method: "GET", path: "/health/live", body: None },
    Endpoint { name: "sessions", method: "GET", path: "/api/sessions?limit=20", body: None },
    Endpoint { name: "session", method: "GET", path: "/api/sessions/{session}", body: None },
    Endpoint { name: "messages", method: "GET", path: "/api/sessions/{session}/messages?limit=20", body: None },
    Endpoint {
        name: "message-create",
        method: "POST",
        path: "/api/sessions/{session}/messages",
        body: Some(r#"{"content":"A message of a load test"}"#),
    },
    Endpoint {
        name: "session-create",
        method: "POST",
        path: "/api/sessions",
        body: Some(r#"{"name":"A session of a load test"}"#),
    },
];

/// A server with somebody who may read and write; it ends with this.
struct Stand {
    child: Child,
    facts: HashMap<String, String>,
}

/// Measures each endpoint, on a server of its own.
pub(super) fn run(tools: &Tools, ground: Ground, quick: bool, report: &mut Report) {
    let folder = cargo::root().join("crates/probe/autocannon");
    if report.step("autocannon", || javascript::install(&folder)).is_none() {
        return report.not_run("autocannon on the endpoints", "it could not be installed");
    }
    let script = folder.join("node_modules/autocannon/autocannon.js");
    let Some(stand) = report.step("a server for autocannon", || Stand::start(tools, ground)) else {
        return report.not_run("autocannon on the endpoints", "there is no server");
    };
    for endpoint in ENDPOINTS {
        report.step(&format!("autocannon {}", endpoint.name), || {
            let table = stand.fire(&script, endpoint, if quick { "2" } else { "5" })?;
            let text = format!(
                "autocannon: {} {}, {CONNECTIONS} connections, {}\n\n{}\n{table}",
                endpoint.method,
                endpoint.path,
                ground.name(),
                machine::head(),
            );
            let path = cargo::root().join(format!("docs/autocannon-{}.txt", endpoint.name));
            fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
        });
    }
}

impl Stand {
    fn start(tools: &Tools, ground: Ground) -> Result<Self> {
        let mut command = tools.probe("stand", ground);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| format!("the load tool could not be started: {error}"))?;
        let mut stand = Self { child, facts: HashMap::new() };
        let output = stand.child.stdout.take().ok_or("the load tool has no output")?;
        let (sender, facts) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                if let Some((name, value)) = line.split_once('\t')
                    && sender.send((name.to_owned(), value.to_owned())).is_err()
                {
                    break;
                }
            }
        });
        while !stand.facts.contains_key("ready") {
            let (name, value) = facts.recv_timeout(PATIENCE).map_err(|_| "the server did not come up")?;
            stand.facts.insert(name, value);
        }
        Ok(stand)
    }

    fn fact(&self, name: &str) -> Result<&str> {
        self.facts.get(name).map(String::as_str).ok_or_else(|| format!("the load tool did not name the {name}"))
    }

    /// One endpoint for so many seconds; gives autocannon's table.
    fn fire(&self, script: &Path, endpoint: &Endpoint, seconds: &str) -> Result<String> {
        let path = endpoint.path.replace("{session}", self.fact("session")?);
        let mut command = Command::new("node");
        command.arg(script).args(["-c", CONNECTIONS, "-d", seconds, "-m", endpoint.method]);
        command.args(["--no-progress", "--renderStatusCodes"]);
        command.arg("-H").arg(format!("authorization=Bearer {}", self.fact("token")?));
        if let Some(body) = endpoint.body {
            command.args(["-H", "content-type=application/json", "-b", body]);
        }
        command.arg(format!("{}{path}", self.fact("url")?));
        let output = command.stdin(Stdio::null()).output().map_err(|error| format!("node did not start: {error}"))?;
        let table = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        let table = plain(&table);
        println!("{table}");
        if !output.status.success() {
            return Err(format!("autocannon ended with {}", output.status));
        }
        if table.contains("non 2xx") || table.contains("errors") {
            return Err("some requests were not answered well, see its table".to_owned());
        }
        Ok(table)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        // The end of its input is its sign to end; it clears up and goes.
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            eprintln!("warning: the server for autocannon may be left: {error}");
        }
    }
}

/// Without the colours of a terminal.
fn plain(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or(piece, |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn colours_are_taken_away() {
        assert_eq!(plain("a \u{1b}[31mred\u{1b}[39m b"), "a red b");
        assert_eq!(plain("none"), "none");
    }
}
