//! Redis for the tests.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::net::{Target, connect, free_port};
use super::{Kind, Server, docker, throwaway};
use crate::caretaker::Caretaker;
use crate::shell::{Result, find};

const PORT: u16 = 6379;

/// Runs the server `$2` on port `$3` in the folder `$1`, and takes both away once nobody needs them.
const SERVE: &str = r#"cd "$1" || exit 1
"$2" --port "$3" --bind 127.0.0.1 --dir "$1" --save '' --appendonly no >log 2>&1 &
read -r gone
kill "$!"
wait
cd /
rm -rf -- "$1"
"#;

/// Redis, or Valkey, which speaks the same.
pub(crate) struct Redis;

impl Kind for Redis {
    const NAME: &'static str = "Redis";
    const VARIABLE: &'static str = "TEST_REDIS_URL";
    const PACKAGE: &'static str = "redis-server";

    fn is_installed(&self) -> bool {
        program().is_some()
    }

    fn given(&self, url: &str) -> Result<Server> {
        let target = Target::parse(url, PORT).ok_or("it is no URL like redis://127.0.0.1:6379")?;
        let found = match (target.scheme.as_str(), ping(&target.address)) {
            ("redis", Ok(version)) => version,
            ("redis", Err(Refusal::Password)) if target.credentials => "with a password".to_owned(),
            ("redis", Err(refusal)) => return Err(refusal.sentence(&target.address)),
            ("rediss", _) => connect(&target.address).map(|_| "over TLS".to_owned())?,
            (scheme, _) => return Err(format!("`{scheme}://` is not known, only redis:// and rediss://")),
        };
        Ok(server(url.to_owned(), &found, &format!("given, at {}", target.address), None))
    }

    fn running(&self) -> Result<Server> {
        let address = format!("127.0.0.1:{PORT}");
        let version = ping(&address).map_err(|refusal| refusal.sentence(&address))?;
        Ok(server(format!("redis://{address}"), &version, &format!("running at {address}"), None))
    }

    fn private(&self) -> Result<Server> {
        let program = program().ok_or("neither redis-server nor valkey-server is on the PATH")?;
        let folder = throwaway::folder(&throwaway::name("redis"));
        fs::create_dir(&folder).map_err(|error| format!("cannot create `{}`: {error}", folder.display()))?;
        let port = free_port()?.to_string();
        let caretaker = Caretaker::post(SERVE, [folder.as_os_str(), program.as_os_str(), OsStr::new(&port)])?;
        wait_for(&format!("127.0.0.1:{port}"), "throw-away instance", caretaker)
    }

    fn docker(&self) -> Result<Server> {
        let image = docker::Image {
            kind: "redis",
            name: "redis:7",
            port: PORT,
            environment: &[],
            command: &["redis-server", "--save", "", "--appendonly", "no"],
        };
        let container = docker::start(&image)?;
        wait_for(&format!("127.0.0.1:{}", container.port), "throw-away container", container.caretaker)
    }
}

fn program() -> Option<PathBuf> {
    find("redis-server").or_else(|| find("valkey-server"))
}

fn wait_for(address: &str, origin: &str, caretaker: Caretaker) -> Result<Server> {
    let version = throwaway::wait_for(Duration::from_secs(20), || {
        ping(address).map_err(|refusal| format!("the {origin} did not come up: {}", refusal.sentence(address)))
    })?;
    Ok(server(format!("redis://{address}"), &version, &format!("{origin} at {address}"), Some(caretaker)))
}

fn server(url: String, version: &str, origin: &str, caretaker: Option<Caretaker>) -> Server {
    Server { url, description: format!("Redis {version}, {origin}"), _caretaker: caretaker }
}

/// Why a server would not talk to us.
enum Refusal {
    Silent(String),
    Password,
    Strange(String),
}

impl Refusal {
    fn sentence(self, address: &str) -> String {
        match self {
            Self::Silent(why) => why,
            Self::Password => format!("the server at {address} wants a password, so it must be given by URL"),
            Self::Strange(answer) => format!("what answers at {address} is no Redis: `{}`", answer.escape_debug()),
        }
    }
}

/// Sends `PING`, then asks for the version.
fn ping(address: &str) -> std::result::Result<String, Refusal> {
    let answer = ask(address, "PING").map_err(Refusal::Silent)?;
    if answer.starts_with("-NOAUTH") {
        return Err(Refusal::Password);
    }
    if !answer.starts_with("+PONG") {
        return Err(Refusal::Strange(answer.chars().take(80).collect()));
    }
    let info = ask(address, "INFO server").map_err(Refusal::Silent)?;
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
    Ok(version.unwrap_or("of unknown version").trim().to_owned())
}

/// One inline command; `QUIT` behind it makes the server close, so that the answer has an end.
fn ask(address: &str, command: &str) -> Result<String> {
    let mut stream = connect(address)?;
    let failed = |error| format!("{address} does not answer: {error}");
    stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).map_err(failed)?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer).map_err(failed)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
