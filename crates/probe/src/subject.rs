//! The server under load: one that runs already, or one that is started for the run and leaves nothing behind.

use crate::{
    Outcome,
    database::{Database, RedisKeys},
    process::{Server, TempFolder},
    rondo::Rondo,
    target::Target,
};
use clap::{Args, ValueEnum};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

const STOP_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Args, Clone, Debug)]
pub(crate) struct Subject {
    /// A server that runs already, with RATE_LIMIT=off; a loopback address. Without it, one is started for the run.
    #[arg(long)]
    url: Option<Target>,
    /// The process of that server, to tell its CPU time and memory.
    #[arg(long, requires = "url")]
    pid: Option<u32>,
    #[command(flatten)]
    own: Own,
}

/// A server to be started.
#[derive(Args, Clone, Debug)]
pub(crate) struct Own {
    /// Rondo's release binary.
    #[arg(long, default_value = "target/release/rondo")]
    pub(crate) rondo: PathBuf,
    #[arg(long, value_enum, default_value_t = Kind::Sqlite)]
    database: Kind,
    /// Keep cache, bus and presence in Redis.
    #[arg(long)]
    redis: bool,
    /// Where throw-away databases are made.
    #[arg(long, env = "TEST_POSTGRES_URL", default_value = "postgres://postgres@127.0.0.1:5432/postgres")]
    #[arg(hide_env_values = true)]
    postgres_url: String,
    #[arg(long, env = "TEST_REDIS_URL", default_value = "redis://127.0.0.1:6379", hide_env_values = true)]
    redis_url: String,
    /// A setting for Rondo besides the usual ones, as NAME=value; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

/// What a server of the run's own stands on; all of it goes with this.
#[derive(Debug)]
pub(crate) struct Ground {
    rondo: Rondo,
    folder: TempFolder,
    database: Option<Database>,
    _redis: Option<RedisKeys>,
}

/// A running server. The fields go in their order: the server before what it stands on.
#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) addr: SocketAddr,
    pub(crate) pid: Option<u32>,
    server: Option<Server>,
    ground: Option<Ground>,
}

/// What makes a server count and log nothing.
const SILENT: [(&str, &str); 2] = [("METRICS", "off"), ("RUST_LOG", "off")];

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// SIGTERM, and whatever it does about its sockets then.
    Drained,
    Killed,
}

impl Subject {
    pub(crate) async fn stand(&self) -> Outcome<Stand> {
        if let Some(url) = &self.url {
            return Ok(Stand { addr: url.addr, pid: self.pid, server: None, ground: None });
        }
        let ground = self.own.ground()?;
        let (server, _) = ground.start().await?;
        Ok(Stand { addr: server.addr, pid: Some(server.pid()), server: Some(server), ground: Some(ground) })
    }
}

impl Subject {
    /// As [`Subject::stand`], of a server that counts and logs nothing. Only for one that is started for the run.
    pub(crate) async fn silent_stand(&self) -> Outcome<Stand> {
        if self.url.is_some() {
            return Err("a silent server stands beside one that is started for the run".into());
        }
        let mut silent = self.clone();
        silent.own.settings.extend(SILENT.map(|(name, value)| (name.to_owned(), value.to_owned())));
        silent.stand().await
    }
}

impl Own {
    pub(crate) fn ground(&self) -> Outcome<Ground> {
        let mut rondo = Rondo::new(&self.rondo, self.settings.clone())?;
        let database = match self.database {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Database::create(&self.postgres_url)?),
        };
        if let Some(database) = &database {
            rondo.set("DATABASE_URL", database.url());
        }
        let redis = self.redis.then(|| RedisKeys::new(&self.redis_url));
        if let Some(redis) = &redis {
            rondo.set("REDIS_URL", redis.url());
            rondo.set("REDIS_PREFIX", redis.prefix());
        }
        Ok(Ground { rondo, folder: TempFolder::create()?, database, _redis: redis })
    }

    /// For headings.
    pub(crate) fn name(&self) -> &'static str {
        match (self.database, self.redis) {
            (Kind::Sqlite, false) => "SQLite, all else in memory",
            (Kind::Sqlite, true) => "SQLite and Redis",
            (Kind::Postgres, false) => "PostgreSQL, all else in memory",
            (Kind::Postgres, true) => "PostgreSQL and Redis",
        }
    }
}

impl Ground {
    /// Starts a server; gives the time until it was well, too.
    pub(crate) async fn start(&self) -> Outcome<(Server, Duration)> {
        self.rondo.start(self.folder.path()).await
    }

    pub(crate) async fn stop(server: Server) -> Outcome<()> {
        server.stop(STOP_PATIENCE).await
    }

    pub(crate) fn binary_size(&self) -> Outcome<u64> {
        self.rondo.size()
    }
}

impl Stand {
    /// Ends the server and starts it again on what it left; gives the time from the new start until it was well.
    pub(crate) async fn restart(&mut self, ending: Ending) -> Outcome<Duration> {
        self.end(ending).await?;
        let ground = self.ground.as_ref().ok_or("only a server that was started for the run can be started again")?;
        let (server, took) = ground.start().await?;
        (self.addr, self.pid) = (server.addr, Some(server.pid()));
        self.server = Some(server);
        Ok(took)
    }

    async fn end(&mut self, ending: Ending) -> Outcome<()> {
        match (self.server.take(), ending) {
            (Some(server), Ending::Drained) => Ground::stop(server).await,
            (Some(server), Ending::Killed) => {
                server.kill();
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// Whether the server can be ended and started again.
    pub(crate) fn is_own(&self) -> bool {
        self.ground.is_some()
    }

    /// The run's own PostgreSQL database, where there is one.
    pub(crate) fn database(&self) -> Option<&Database> {
        self.ground.as_ref()?.database.as_ref()
    }

    /// What set-up wrote is settled, so that it is not done during the measurement.
    pub(crate) fn settle(&self) -> Outcome<()> {
        self.database().map_or(Ok(()), Database::analyze)
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text} is not NAME=value"))?;
    Ok((name.to_owned(), value.to_owned()))
}
