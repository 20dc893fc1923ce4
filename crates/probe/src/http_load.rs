//! Requests over and over on keep-alive connections, each with one under way.

use crate::{
    Outcome,
    http_client::Connection,
    report::{Before, Measured, Tally},
};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

/// How long answers are waited for after the last request.
const GRACE: Duration = Duration::from_secs(10);
/// Stands in a request where each one gets a number of its own, with leading zeros and as long as this.
pub(crate) const NUMBER: &str = "############";

/// A request of which each sending may differ by a number.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    at: Vec<usize>,
    numbers: Arc<AtomicU64>,
    /// Numbers begin anew after so many.
    span: u64,
}

/// What is asked, on which connections, for how long.
#[derive(Clone, Debug)]
pub(crate) struct HttpLoad {
    pub(crate) addr: SocketAddr,
    pub(crate) pid: Option<u32>,
    /// One for each connection.
    pub(crate) lanes: Vec<Template>,
    /// The status that is a success.
    pub(crate) expected: u16,
    pub(crate) time: Duration,
}

impl Template {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self::numbered(bytes, &Arc::default(), u64::MAX)
    }

    /// One that shares its numbers with others.
    pub(crate) fn numbered(bytes: Vec<u8>, numbers: &Arc<AtomicU64>, span: u64) -> Self {
        let marks = bytes.windows(NUMBER.len()).enumerate();
        let at = marks.filter(|(_, window)| *window == NUMBER.as_bytes()).map(|(at, _)| at).collect();
        Self { bytes, at, numbers: Arc::clone(numbers), span }
    }

    fn next(&mut self) -> &[u8] {
        if !self.at.is_empty() {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed) % self.span;
            let digits = format!("{number:0width$}", width = NUMBER.len());
            for at in &self.at {
                self.bytes[*at..*at + NUMBER.len()].copy_from_slice(&digits.as_bytes()[..NUMBER.len()]);
            }
        }
        &self.bytes
    }
}

impl HttpLoad {
    /// The same request on each of so many connections.
    pub(crate) fn same(addr: SocketAddr, pid: Option<u32>, bytes: &[u8], connections: u32) -> Self {
        let lanes = (0..connections).map(|_| Template::new(bytes.to_vec())).collect();
        Self { addr, pid, lanes, expected: 200, time: Duration::from_secs(1) }
    }

    pub(crate) fn lasting(&self, time: Duration) -> Self {
        Self { time, ..self.clone() }
    }

    /// Opens all connections first; only then does the time run.
    pub(crate) async fn measure(&self) -> Outcome<Measured> {
        let mut connections = Vec::new();
        for _ in &self.lanes {
            connections.push(Connection::open(self.addr).await?);
        }
        let tally = Arc::new(Mutex::new(Tally::new()?));
        let before = Before::new(self.pid)?;
        let end = Instant::now() + self.time;
        let mut tasks = JoinSet::new();
        for (connection, template) in connections.into_iter().zip(&self.lanes) {
            let (tally, template) = (Arc::clone(&tally), template.clone());
            let (addr, expected) = (self.addr, self.expected);
            tasks.spawn(async move {
                let lane = Lane { addr, expected, end, connection, template };
                if timeout_at(end + GRACE, lane.run(&tally)).await.is_err() {
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

struct Lane {
    addr: SocketAddr,
    expected: u16,
    end: Instant,
    connection: Connection,
    template: Template,
}

impl Lane {
    async fn run(mut self, tally: &Mutex<Tally>) {
        let mut sent = Instant::now();
        while sent < self.end {
            let answer = self.connection.exchange(self.template.next()).await;
            let now = Instant::now();
            let broken = {
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                match answer {
                    Ok(status) if status == self.expected => {
                        tally.answered(now, now - sent);
                        false
                    }
                    Ok(status) => {
                        tally.refused += 1;
                        tally.fault(&format!("status {status}"));
                        false
                    }
                    Err(error) => {
                        tally.broken += 1;
                        tally.fault(&error);
                        true
                    }
                }
            };
            if broken && let Some(again) = self.reopen().await {
                self.connection = again;
            }
            sent = if broken { Instant::now() } else { now };
        }
    }

    async fn reopen(&self) -> Option<Connection> {
        while Instant::now() < self.end {
            sleep(Duration::from_millis(50)).await;
            if let Ok(connection) = Connection::open(self.addr).await {
                return Some(connection);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn each_request_has_a_number_of_its_own() {
        let mut first = Template::numbered(b"a############b############".to_vec(), &std::sync::Arc::default(), 2);
        let mut second = first.clone();
        assert_eq!(first.next(), b"a000000000000b000000000000");
        assert_eq!(second.next(), b"a000000000001b000000000001");
        assert_eq!(first.next(), b"a000000000000b000000000000");
        assert_eq!(Template::new(b"plain".to_vec()).next(), b"plain");
    }
}
