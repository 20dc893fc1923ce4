//! Somewhere that takes reports, as a collector of OpenTelemetry or Sentry does.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rondo_testkit::eventually;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::spans::LONG;

/// A report as it came: head and body.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) head: String,
    pub(super) body: String,
}

/// The place; gone with this.
pub(super) struct Place {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Report>>>,
    serving: JoinHandle<()>,
}

impl Place {
    pub(super) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, taken) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Report>>>::default());
        let into = Arc::clone(&taken);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&into)));
            }
        });
        Self { address, taken, serving }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn taken(&self) -> Vec<Report> {
        self.taken.lock().unwrap().clone()
    }

    /// Waits until what was taken is enough.
    pub(super) async fn until(&self, what: &str, enough: impl Fn(&[Report]) -> bool) {
        eventually(what, LONG, async || enough(&self.taken())).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Takes what comes on one connection.
async fn take(stream: TcpStream, into: Arc<Mutex<Vec<Report>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        into.lock().unwrap().push(Report { head, body: String::from_utf8(body).ok()? });
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.ok()?;
    }
}
