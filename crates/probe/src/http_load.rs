//! `get`: one path, over and over, on keep-alive connections, each with one request under way.

use crate::{
    Outcome,
    http_client::{Connection, request},
    report::{Before, Measured, Tally},
    target::Target,
};
use clap::Args;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

/// How long answers are waited for after the last request.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Args, Clone, Debug)]
pub(crate) struct Get {
    /// What to ask for; a loopback address.
    #[arg(long)]
    pub(crate) url: Target,
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) connections: u32,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// An access token, sent as `Authorization: Bearer`.
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// The server's process, to tell its CPU time and memory.
    #[arg(long)]
    pub(crate) pid: Option<u32>,
}

impl Get {
    pub(crate) async fn run(self) -> Outcome<()> {
        println!("GET http://{}{} on {} connections", self.url.addr, self.url.path, self.connections);
        print!("{}", self.measure().await?.told("requests"));
        Ok(())
    }

    /// Opens all connections first; only then does the time run.
    pub(crate) async fn measure(&self) -> Outcome<Measured> {
        let addr = self.url.addr;
        let bytes: Arc<[u8]> = request("GET", addr, &self.url.path, self.token.as_deref(), None).into();
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(Connection::open(addr).await?);
        }
        let tally = Arc::new(Mutex::new(Tally::new()?));
        let before = Before::new(self.pid)?;
        let end = Instant::now() + Duration::from_secs(self.seconds);
        let mut tasks = JoinSet::new();
        for connection in connections {
            let (bytes, tally) = (Arc::clone(&bytes), Arc::clone(&tally));
            let target = self.url.clone();
            tasks.spawn(async move {
                let asking = ask(connection, &target, &bytes, end, &tally);
                if timeout_at(end + GRACE, asking).await.is_err() {
                    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                    tally.lost += 1;
                    tally.fault(&format!("no answer within {GRACE:?} of the end"));
                }
            });
        }
        while tasks.join_next().await.is_some() {}
        let tally = Arc::into_inner(tally).ok_or("a connection is still counting")?;
        before.measured(tally.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn ask(mut connection: Connection, target: &Target, bytes: &[u8], end: Instant, tally: &Mutex<Tally>) {
    let mut sent = Instant::now();
    while sent < end {
        let answer = connection.exchange(bytes).await;
        let now = Instant::now();
        let fault = {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Ok(status) => {
                    tally.answered(now, now - sent);
                    if !(200..300).contains(&status) {
                        tally.refused += 1;
                        tally.fault(&format!("status {status}"));
                    }
                    false
                }
                Err(error) => {
                    tally.broken += 1;
                    tally.fault(&error);
                    true
                }
            }
        };
        if fault && let Some(again) = reopen(target, end).await {
            connection = again;
        }
        sent = if fault { Instant::now() } else { now };
    }
}

async fn reopen(target: &Target, end: Instant) -> Option<Connection> {
    while Instant::now() < end {
        sleep(Duration::from_millis(50)).await;
        if let Ok(connection) = Connection::open(target.addr).await {
            return Some(connection);
        }
    }
    None
}
