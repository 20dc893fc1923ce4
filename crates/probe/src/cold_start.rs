//! Rondo's own processes for `compare`: how one is started, and how long it takes until it is well.

use crate::{
    Outcome,
    http_client::{Connection, request},
    process::{Server, TempFolder, run_id, usage},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

const START_PATIENCE: Duration = Duration::from_secs(30);
const STOP_PATIENCE: Duration = Duration::from_secs(15);
/// When the memory of an idle server is looked at.
const IDLE: Duration = Duration::from_secs(3);

/// Where the binary is, and settings besides those of every run.
#[derive(Clone, Debug)]
pub(crate) struct Rondo {
    pub(crate) binary: PathBuf,
    pub(crate) settings: Vec<(String, String)>,
}

/// One start on an empty folder and one on what that left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColdStart {
    pub(crate) empty: Duration,
    pub(crate) migrated: Duration,
    pub(crate) idle_resident: u64,
}

impl Rondo {
    /// Starts a server on a folder, with `SQLite` and nothing of this process's own environment.
    pub(crate) async fn start(&self, folder: &Path) -> Outcome<Server> {
        let mut command = Command::new(&self.binary);
        command.current_dir(folder).env_clear();
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"));
        command.env("DATA_DIR", folder.join("data")).env("HOST", "127.0.0.1").env("PORT", "0").env("WORKERS", "2");
        command.env("RATE_LIMIT", "off").env("BCRYPT_COST", "4").env("APP_ENV", "development");
        command.env("JWT_SECRET", format!("a-secret-for-one-run-of-the-load-tool-{}", run_id()));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        Server::start("rondo", &mut command, START_PATIENCE).await
    }

    pub(crate) async fn cold_start(&self) -> Outcome<ColdStart> {
        let folder = TempFolder::create()?;
        let (empty, server) = self.until_well(folder.path()).await?;
        sleep(IDLE).await;
        let idle_resident = usage(server.pid())?.resident;
        server.stop(STOP_PATIENCE).await?;
        let (migrated, server) = self.until_well(folder.path()).await?;
        server.stop(STOP_PATIENCE).await?;
        Ok(ColdStart { empty, migrated, idle_resident })
    }

    /// The time from the start to the first 200 of `/health`.
    async fn until_well(&self, folder: &Path) -> Outcome<(Duration, Server)> {
        let begin = Instant::now();
        let server = self.start(folder).await?;
        let bytes = request("GET", server.addr, "/health", None, None);
        let well = async {
            loop {
                if let Ok(mut connection) = Connection::open(server.addr).await
                    && matches!(connection.exchange(&bytes).await, Ok(200))
                {
                    return begin.elapsed();
                }
                sleep(Duration::from_millis(1)).await;
            }
        };
        let took = timeout(START_PATIENCE, well).await.map_err(|_| "rondo was not well in time")?;
        Ok((took, server))
    }
}
