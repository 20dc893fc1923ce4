//! Rondo's own processes: how one is started with nothing of this process's environment, and when it is well.

use crate::{
    Outcome,
    http_client::{Connection, Request},
    process::{Server, free_addr, run_id},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

const START_PATIENCE: Duration = Duration::from_secs(30);

/// Where the binary is, and settings besides those of every run.
#[derive(Clone, Debug)]
pub(crate) struct Rondo {
    binary: PathBuf,
    settings: Vec<(String, String)>,
    secret: String,
}

impl Rondo {
    pub(crate) fn new(binary: &Path, settings: Vec<(String, String)>) -> Outcome<Self> {
        let binary = binary.canonicalize().map_err(|error| format!("no {}: {error}", binary.display()))?;
        Ok(Self { binary, settings, secret: format!("a-secret-for-one-run-of-the-load-tool-{}", run_id()) })
    }

    pub(crate) fn size(&self) -> Outcome<u64> {
        Ok(std::fs::metadata(&self.binary)?.len())
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Starts a server on a folder and waits for the first 200 of `/health`; gives the time that this took.
    pub(crate) async fn start(&self, folder: &Path) -> Outcome<(Server, Duration)> {
        let addr = free_addr()?;
        let mut command = Command::new(&self.binary);
        command.current_dir(folder).env_clear();
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"));
        command.env("DATA_DIR", folder.join("data")).env("HOST", "127.0.0.1").env("PORT", addr.port().to_string());
        command.env("RATE_LIMIT", "off").env("BCRYPT_COST", "4").env("APP_ENV", "development");
        command.env("JWT_SECRET", &self.secret);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        let begin = Instant::now();
        let server = Server::start("rondo", &mut command, addr, START_PATIENCE).await?;
        let health = Request::get("/health").bytes(addr);
        let well = async {
            loop {
                if let Ok(mut connection) = Connection::open(addr).await
                    && matches!(connection.exchange(&health).await, Ok(200))
                {
                    return begin.elapsed();
                }
                sleep(Duration::from_millis(1)).await;
            }
        };
        let took = timeout(START_PATIENCE, well).await.map_err(|_| "rondo was not well in time")?;
        Ok((server, took))
    }
}
