//! Stopping in good order: the node is seen to stop while it still serves, then lets its connections go a few at a time,
//! so that the others are not called on by all of them at once.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use rondo_wire::socket::NodeDraining;
use serde_json::value::to_raw_value;
use socketioxide::SocketIo;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Gateway, Open, connection::Connection};
use crate::hub::{Announcement, Outlet as _};

/// What a connection hears before it is closed.
const DRAINING: &str = "server:draining";
/// In how many slices connections are closed, and how long after one another.
pub(crate) const SLICES: usize = 20;
pub(crate) const SLICE: Duration = Duration::from_millis(100);
/// How long the first slice has to hear that it is about to be closed.
pub(crate) const WORD: Duration = Duration::from_millis(300);
/// Over which time clients are asked to spread their coming back.
const SPREAD_MS: u64 = 2_000;
/// How long events that were taken may still run after the last slice.
pub(crate) const EVENTS: Duration = Duration::from_secs(2);
/// How long the remaining connections may take to say goodbye.
pub(crate) const CLOSE: Duration = Duration::from_secs(1);

impl Gateway {
    /// From now on the node is not ready. It serves on as before, for as long as it was told to.
    pub(crate) async fn give_notice(&self) {
        self.draining.begin();
        tokio::time::sleep(self.drain_delay).await;
    }

    /// Takes no more connections, and closes those that are there so that their clients reconnect to another node: each
    /// is told, then served until its turn comes, and closed once the events that were taken from it are done.
    pub(crate) async fn drain(self: &Arc<Self>, io: &SocketIo) {
        self.stopping.cancel();
        self.announce_end();
        let connections: Vec<_> = {
            let open = self.lock_open();
            open.values().map(|Open { socket, connection }| (socket.id, Arc::clone(connection))).collect()
        };
        let size = connections.len().div_ceil(SLICES).max(1);
        let mut next = Instant::now() + WORD;
        for slice in connections.chunks(size) {
            sleep_until(next).await;
            next += SLICE;
            for (id, connection) in slice {
                if connection.wind_up() {
                    self.cut(*id, connection);
                }
            }
        }
        self.events.close();
        if timeout(EVENTS, self.events.wait()).await.is_err() {
            tracing::warn!(events = self.events.len(), "events were still running when the time to stop was up");
        }
        // Those that poll have no stream that could be cut.
        if timeout(CLOSE, io.close()).await.is_err() {
            let open: Vec<Arc<Connection>> =
                self.lock_open().values().map(|open| Arc::clone(&open.connection)).collect();
            tracing::warn!(connections = open.len(), "connections did not close in time and were cut");
            for connection in open {
                connection.cut();
            }
            self.lifelines.cut_all();
        }
    }

    /// Tells each connection that it is about to be closed, and when to come back: not all at the same moment.
    fn announce_end(self: &Arc<Self>) {
        let dice = RandomState::new();
        let outlets: Vec<_> = {
            let open = self.lock_open();
            open.values().map(|Open { socket, connection }| self.outlet(socket, connection)).collect()
        };
        for outlet in outlets {
            let reconnect_in_ms = dice.hash_one(outlet.connection.seat) % SPREAD_MS;
            if let Ok(payload) = to_raw_value(&NodeDraining { reconnect_in_ms }) {
                let _slow_readers_go_without = outlet.tell(&Arc::new(Announcement::passing(DRAINING, payload)));
            }
        }
    }
}
