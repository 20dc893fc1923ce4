//! The server's binary as a process of its own, for what only a process can suffer: kills and signals.

use std::{
    collections::VecDeque,
    env,
    ops::Deref,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    sync::oneshot,
};

use crate::{
    Backend, Site, TestDb,
    patience::{eventually, within},
    token::JWT_SECRET,
};

/// The variable that names the binary.
pub(crate) const VARIABLE: &str = "RONDO_BIN";
/// What a child has of our environment; the last one lets what it runs count in a measurement of coverage.
pub(crate) const INHERITED: [&str; 4] = ["PATH", "TMPDIR", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];
/// How many lines of what a server says are kept.
const KEPT: usize = 20_000;
/// How much of that stands in messages.
const SHOWN: usize = 40;

/// A server process on a database of its own. It ends with this, and so does its data.
pub struct Server {
    site: Site,
    process: Option<Process>,
    database: Arc<TestDb>,
    settings: Vec<(String, String)>,
    said: Said,
}

/// The lines that a server said.
type Said = Arc<Mutex<VecDeque<String>>>;

struct Process {
    child: Child,
    said: Said,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// What it ended with.
    pub status: ExitStatus,
    /// How long that took.
    pub took: Duration,
}

impl Server {
    /// Starts a server on a new database.
    pub async fn start(backend: Backend) -> Self {
        Self::with(backend, &[]).await
    }

    /// Starts a server with other settings than usual.
    pub async fn with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings = settings.iter().map(owned).collect();
        Self::on(Arc::new(TestDb::create(backend).await), settings).await
    }

    /// Starts one more server with the same settings, on the same data.
    pub async fn beside(&self) -> Self {
        Self::on(Arc::clone(&self.database), self.settings.clone()).await
    }

    async fn on(database: Arc<TestDb>, settings: Vec<(String, String)>) -> Self {
        let said = Said::default();
        let (process, address) = Process::start(&database, &settings, &said).await;
        Self { site: Site::new(address), process: Some(process), database, settings, said }
    }

    /// All that it said, also before it ended.
    #[must_use]
    pub fn said(&self) -> String {
        Vec::from(self.said.lock().unwrap().clone()).join("\n")
    }

    /// Where it listens to operators.
    pub async fn operators(&self) -> Site {
        let mut address = None;
        eventually("where operators are listened to", Duration::from_secs(15), async || {
            let said = self.said.lock().unwrap();
            address = said
                .iter()
                .rev()
                .find_map(|line| line.trim().strip_prefix("operators")?.trim().strip_prefix("http://")?.parse().ok());
            address.is_some()
        })
        .await;
        Site::new(address.expect("an address"))
    }

    /// Where its data lies.
    #[must_use]
    pub fn database(&self) -> &TestDb {
        &self.database
    }

    /// Starts a server on the same data again. Whoever knows the site finds it at its new address.
    pub async fn restart(&mut self) {
        assert!(self.process.is_none(), "the server is running already");
        let (process, address) = Process::start(&self.database, &self.settings, &self.said).await;
        self.process = Some(process);
        self.site.moved_to(address);
    }

    /// As [`Server::restart`], with these settings before all others from now on.
    pub async fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.restart().await;
    }

    /// SIGKILL, as by a power cut.
    pub async fn kill_9(&mut self) {
        let mut process = self.process.take().expect("a server that runs");
        assert!(process.child.try_wait().expect("a child of ours").is_none(), "it ended by itself: {}", process.tail());
        within("SIGKILL", process.child.kill()).await.expect("a child of ours");
    }

    /// SIGTERM; waits for the end.
    pub async fn terminate(&mut self) -> Ended {
        let mut process = self.process.take().expect("a server that runs");
        let pid = process.child.id().unwrap_or_else(|| panic!("it ended by itself: {}", process.tail()));
        let started = Instant::now();
        // Nothing here sends another signal than SIGKILL without unsafe code, and a shell is always there.
        let kill = Command::new("/bin/sh").arg("-c").arg(format!("kill -TERM {pid}")).status().await;
        assert!(kill.is_ok_and(|status| status.success()), "SIGTERM could not be sent");
        let status = within("the end after SIGTERM", process.child.wait()).await.expect("a child of ours");
        assert!(!process.tail().contains("panicked at"), "the server panicked: {}", process.tail());
        Ended { status, took: started.elapsed() }
    }
}

impl Deref for Server {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Process {
    async fn start(database: &TestDb, settings: &[(String, String)], said: &Said) -> (Self, std::net::SocketAddr) {
        let binary = env::var_os(VARIABLE).map(PathBuf::from).filter(|path| path.is_file());
        let binary =
            binary.unwrap_or_else(|| panic!("{VARIABLE} must name the server's binary, which was built before"));
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, env::var_os(name)?))))
            .envs([
                ("APP_ENV", "development"),
                ("HOST", "127.0.0.1"),
                ("PORT", "0"),
                ("DEMO", "off"),
                ("RATE_LIMIT", "off"),
                ("BCRYPT_COST", "4"),
                ("JWT_SECRET", JWT_SECRET),
                ("DATABASE_URL", database.url()),
                ("DATABASE_MAX_CONNECTIONS", "6"),
                ("RUST_LOG", "warn"),
            ])
            .env("DATA_DIR", database.folder())
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .current_dir(database.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{VARIABLE} cannot be run: {error}"));
        let (found, address) = oneshot::channel();
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        tokio::spawn(listen(stdout, Some(found), Arc::clone(said)));
        tokio::spawn(listen(stderr, None, Arc::clone(said)));
        let process = Self { child, said: Arc::clone(said) };
        let address = within("the start of a server", address).await;
        let address = address.unwrap_or_else(|_| panic!("the server did not say where it listens: {}", process.tail()));
        (process, address)
    }

    /// The last lines that it said.
    fn tail(&self) -> String {
        let said = self.said.lock().unwrap();
        said.iter().skip(said.len().saturating_sub(SHOWN)).cloned().collect::<Vec<_>>().join("\n")
    }
}

/// Reads what a process says, to its end, so that it never blocks on a full pipe.
async fn listen(stream: impl AsyncRead + Unpin, mut found: Option<oneshot::Sender<std::net::SocketAddr>>, said: Said) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = listening_on(&line)
            && let Some(found) = found.take()
        {
            let _ = found.send(address);
        }
        let mut said = said.lock().unwrap();
        if said.len() == KEPT {
            said.pop_front();
        }
        said.push_back(line);
    }
}

fn listening_on(line: &str) -> Option<std::net::SocketAddr> {
    let (_, address) = line.split_once("listening on http://")?;
    address.split_whitespace().next()?.parse().ok()
}
