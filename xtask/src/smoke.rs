//! `cargo xtask smoke`: the released binary as one would start it, from the first account to a restart.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::cargo;
use crate::http::{ask, json_string};
use crate::report::Report;
use crate::servers::net::free_port;
use crate::shell::{Result, capture, run as run_command, succeeds};

/// How long the server may take to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);
const ACCOUNT: &str = r#"{"email":"smoke@example.com","password":"a smoke test's password","displayName":"Smoke"}"#;
const WRONG: &str = r#"{"email":"smoke@example.com","password":"another password"}"#;
const LOGIN: &str = r#"{"email":"smoke@example.com","password":"a smoke test's password"}"#;

/// Runs the smoke test on this binary, or on a release build.
pub(crate) fn run(binary: Option<PathBuf>) -> ExitCode {
    let mut report = Report::new("cargo xtask smoke");
    let binary = match binary {
        Some(binary) => Some(binary),
        None => report.step("release build", release),
    };
    let stage = binary.and_then(|binary| report.step("a folder and settings of production", || Stage::new(&binary)));
    if let Some(stage) = stage {
        report.step("settings are accepted", || run_command(stage.command().args(["config", "check"])));
        if let Some(session) = report.step("the first evening", || first_evening(&stage)) {
            report.step("all is there after a restart", || second_evening(&stage, &session));
            report.step("the data is as the rules want it", || run_command(stage.command().arg("verify")));
        }
    }
    report.finish()
}

fn release() -> Result<PathBuf> {
    run_command(&mut cargo::cargo(["build", "--release", "--locked", "-p", "rondo-server"]))?;
    Ok(cargo::target_dir()?.join("release").join(format!("rondo{}", std::env::consts::EXE_SUFFIX)))
}

/// Registers, makes a session, posts and reads, then stops the server in good order. Gives the session's id.
fn first_evening(stage: &Stage) -> Result<String> {
    let server = Server::start(stage)?;
    let tokens = server.expect(201, "POST", "/api/auth/register", None, Some(ACCOUNT))?;
    let token = json_string(&tokens, "accessToken").ok_or("registering gave no token")?;
    let token = Some(token.as_str());
    server.expect(401, "POST", "/api/auth/login", None, Some(WRONG))?;
    server.expect(401, "GET", "/api/sessions", None, None)?;
    let session = server.expect(201, "POST", "/api/sessions", token, Some(r#"{"name":"Smoke"}"#))?;
    let session = json_string(&session, "id").ok_or("the session has no id")?;
    let messages = format!("/api/sessions/{session}/messages");
    server.expect(201, "POST", &messages, token, Some(r#"{"content":"there is fire"}"#))?;
    server.expect(422, "POST", &messages, token, Some(r#"{"content":"  "}"#))?;
    holds(&server.expect(200, "GET", &messages, token, None)?, "there is fire")?;
    holds(&server.expect(200, "GET", &format!("/api/sessions/{session}/events"), token, None)?, "message:create")?;
    holds(&server.expect(200, "POST", "/graphql", token, Some(r#"{"query":"{me{displayName}}"}"#))?, "Smoke")?;
    let hello = server.expect(200, "GET", "/socket.io/?EIO=4&transport=polling", None, None)?;
    holds(&hello, "\"upgrades\":[\"websocket\"]")?;
    for document in ["/docs", "/api/openapi.json", "/api/asyncapi.json", "/api/schema.graphql", "/health"] {
        server.expect(200, "GET", document, None, None)?;
    }
    server.stop()?;
    Ok(session)
}

fn second_evening(stage: &Stage, session: &str) -> Result {
    let server = Server::start(stage)?;
    let tokens = server.expect(200, "POST", "/api/auth/login", None, Some(LOGIN))?;
    let token = json_string(&tokens, "accessToken").ok_or("signing in gave no token")?;
    let messages = server.expect(200, "GET", &format!("/api/sessions/{session}/messages"), Some(&token), None)?;
    holds(&messages, "there is fire")?;
    server.stop()
}

fn holds(text: &str, part: &str) -> Result {
    if text.contains(part) { Ok(()) } else { Err(format!("`{part}` is missing in {text}")) }
}

/// A binary, an empty folder, and a secret; the folder goes with this.
struct Stage {
    binary: PathBuf,
    folder: PathBuf,
    secret: String,
    port: u16,
}

impl Stage {
    fn new(binary: &Path) -> Result<Self> {
        let binary = fs::canonicalize(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
        let folder = std::env::temp_dir().join(format!("rondo-smoke-{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut random = [0; 32];
        let read = fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut random));
        read.map_err(|error| format!("there is no randomness: {error}"))?;
        let secret = random.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        Ok(Self { binary, folder, secret, port: free_port()? })
    }

    /// The binary with no more of our environment than it needs.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(&self.folder).env_clear().env("APP_ENV", "production").env("HOST", "127.0.0.1");
        command.env("PORT", self.port.to_string()).env("JWT_SECRET", &self.secret).env("DATA_DIR", "data");
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("warning: {} may be left: {error}", self.folder.display());
        }
    }
}

/// A running server, killed if it was not stopped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(stage: &Stage) -> Result<Self> {
        let child = stage.command().arg("serve").stdin(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("{} did not start: {error}", stage.binary.display()))?;
        let mut server = Self { child, address: format!("127.0.0.1:{}", stage.port) };
        let began = Instant::now();
        while !succeeds(stage.command().arg("healthcheck")) {
            if let Some(status) = server.ended()? {
                return Err(format!("the server ended with {status} before it was ready"));
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("the server was not ready within {PATIENCE:?}"));
            }
            thread::sleep(PAUSE);
        }
        println!("ready after {:.2} s", began.elapsed().as_secs_f64());
        Ok(server)
    }

    /// The body of the answer, which must have this status.
    fn expect(&self, status: u16, method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Result<String> {
        let answer = ask(&self.address, method, path, token, body)?;
        println!("{} {method} {path}", answer.status);
        if answer.status == status {
            return Ok(answer.body);
        }
        Err(format!("{method} {path} answered {} in place of {status}: {}", answer.status, answer.body))
    }

    fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        self.child.try_wait().map_err(|error| format!("the server cannot be watched: {error}"))
    }

    /// SIGTERM, and a good end within [`PATIENCE`].
    fn stop(mut self) -> Result {
        capture(Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]))?;
        let began = Instant::now();
        loop {
            match self.ended()? {
                Some(status) if status.success() => {
                    println!("stopped after {:.2} s", began.elapsed().as_secs_f64());
                    return Ok(());
                }
                Some(status) => return Err(format!("the server stopped with {status}")),
                None if began.elapsed() > PATIENCE => {
                    return Err(format!("the server runs on {PATIENCE:?} after SIGTERM"));
                }
                None => thread::sleep(PAUSE),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// Reads the words after `smoke`.
pub(crate) fn parse(words: &[String]) -> Result<Option<PathBuf>> {
    match words {
        [] => Ok(None),
        [flag, path] if flag == "--binary" => Ok(Some(Path::new(path).to_path_buf())),
        _ => Err("`smoke` takes nothing, or `--binary FILE`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_may_be_named() {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parse(&words("")).unwrap(), None);
        assert_eq!(parse(&words("--binary here/rondo")).unwrap(), Some("here/rondo".into()));
        assert!(parse(&words("--binary")).is_err() && parse(&words("here/rondo")).is_err());
    }

    #[test]
    fn a_binary_that_ends_at_once_is_a_failure() {
        let stage = Stage::new(Path::new("/bin/false")).unwrap();
        let folder = stage.folder.clone();
        let error = Server::start(&stage).err().unwrap();
        assert!(error.contains("before it was ready"), "{error}");
        drop(stage);
        assert!(!folder.exists());
    }
}
